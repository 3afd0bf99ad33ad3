"""Each metric is told of somebody."""

from __future__ import annotations

import pytest

from collectors.api import Metric
from collectors.gpu_nvidia.metrics import CLOCK, METRICS, TEMPERATURE, WHO, Who


def test_a_series_says_whose_it_is() -> None:
    who = Who("0000:1b:00.0", "NVIDIA H100")
    assert who.of(TEMPERATURE).attributes == (("hw.id", "0000:1b:00.0"), ("hw.name", "NVIDIA H100"))
    assert who.of(CLOCK, **{"hw.gpu.clock": "sm"}).attributes[2] == ("hw.gpu.clock", "sm")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_begins_with_the_two_attributes_of_its_gpu(metric: Metric) -> None:
    assert metric.attributes[:2] == WHO
