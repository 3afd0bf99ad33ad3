"""XID errors are told when they happen, and counted."""

from __future__ import annotations

import pytest

from tests.collectors.gpu_nvidia.conftest import Start
from tests.nvml.fakes import address

GPU, OTHER = address(0), address(1)
pytestmark = pytest.mark.gcc


def test_an_xid_error_is_an_edge_and_a_count(start: Start) -> None:
    host, child = start(2)
    first = child.poll(0.0)
    assert first.values["hw.gpu.xid", GPU] == []
    assert first.values["hw.errors", GPU, "xid"] == 0
    host.say("xid 0 31", "xid 1 79", "xid 0 31")
    child.read()
    found = child.poll(1.0)
    assert found.values["hw.gpu.xid", GPU] == [["31", 1], ["31", 1]]
    assert found.values["hw.errors", GPU, "xid"] == 2
    assert found.values["hw.gpu.xid", OTHER] == [["79", 1]]
    later = child.poll(2.0)
    assert later.values["hw.gpu.xid", GPU] == []
    assert later.values["hw.errors", GPU, "xid"] == 2
    assert later.same


def test_a_set_of_events_that_is_spoilt_is_made_anew(start: Start) -> None:
    host, child = start(2)
    child.poll(0.0)
    host.say("fault nvmlEventSetWait_v2 * 15")
    child.read()
    assert child.poll(1.0).absences == [("hw.gpu.xid", "GPU is lost")]
    host.say("xid 1 48")
    child.read()
    assert child.poll(2.0).values["hw.errors", OTHER, "xid"] == 1


def test_the_error_that_goes_with_a_loss_is_told(start: Start) -> None:
    host, child = start(1)
    child.poll(0.0)
    host.say("xid 0 79", "fault nvmlDeviceGetUtilizationRates 0 15")
    child.read()
    found = child.poll(1.0)
    assert found.values["hw.gpu.xid", GPU] == [["79", 1]]
    assert found.values["hw.errors", GPU, "xid"] == 1
    assert found.values["hw.status", GPU, "failed"] == 1


def test_a_set_that_cannot_be_made_costs_the_events_alone(start: Start) -> None:
    _, child = start(1, "fault nvmlEventSetCreate * 999")
    found = child.poll(0.0)
    assert found.absences == [("hw.gpu.xid", f"{GPU}: Unknown Error")]
    assert ("hw.gpu.xid", GPU) not in found.values
    assert found.values["hw.power", GPU] == 301.5
    assert child.poll(1.0).absences == []
