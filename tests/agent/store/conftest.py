"""The stores that tests open, closed at their end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.store.sizing import Limits
from tests.agent.store.device import LIMITS, Device

MakeDevice = Callable[..., Device]


@pytest.fixture
def make_device(tmp_path: Path) -> Iterator[MakeDevice]:
    """Opens stores under the test's directory, and closes them."""
    made: list[Device] = []

    def make(limits: Limits = LIMITS, directory: Path = tmp_path / "state") -> Device:
        made.append(Device(directory, limits))
        return made[-1]

    yield make
    for device in made:
        device.store.close()


@pytest.fixture
def device(make_device: MakeDevice) -> Device:
    """One store of 1 MiB."""
    return make_device()
