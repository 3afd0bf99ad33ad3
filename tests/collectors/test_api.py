from __future__ import annotations

import pytest

from collectors.api import Metric

IO = Metric("system.disk.io", "By", "counter", ("system.device", "disk.io.direction"), "/sys", "Bytes.")


def test_a_series_has_its_attributes_in_the_order_of_the_metric() -> None:
    series = IO.of(**{"disk.io.direction": "read", "system.device": "sda"})
    assert series.attributes == (("system.device", "sda"), ("disk.io.direction", "read"))
    assert (series.name, series.unit, series.kind) == ("system.disk.io", "By", "counter")


@pytest.mark.parametrize("attributes", [{}, {"system.device": "sda"}, {"system.device": "sda", "x": "y"}])
def test_a_series_needs_the_declared_attributes_and_no_other(attributes: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        IO.of(**attributes)
