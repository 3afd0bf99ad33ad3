"""Bad networks and brokers, each in a network of its own; `bench_faults.py` has the figures of default
settings."""

from __future__ import annotations

import sys

import pytest

from tests.faults import FAULTS, alone

SECONDS = 4


@pytest.mark.mosquitto
@pytest.mark.netns
@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_data_flow_again_from_the_same_process_and_nothing_is_lost(fault: str) -> None:
    recovery = alone(fault, SECONDS, patient=False)
    sys.stdout.write(f"{recovery}\n")
    assert recovery.windows > SECONDS
