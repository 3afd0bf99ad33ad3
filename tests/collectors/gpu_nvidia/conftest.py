"""The fake driver, built once, and collectors that read it in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.nvml.fakes import Child, FakeHost, build

Start = Callable[..., tuple[FakeHost, Child]]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fake as a driver of today."""
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(scope="session")
def old_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fake as a driver before 510, which lacks some functions."""
    return build(tmp_path_factory.mktemp("old_nvml"), "-DOLD_DRIVER")


@pytest.fixture
def start(tmp_path: Path, library: Path) -> Iterator[Start]:
    """Starts a collector on a host with so many GPUs and these lines of the fake's file."""
    children = []

    def make(
        gpus: int = 1, *lines: str, patience: float = 10.0, library: Path = library
    ) -> tuple[FakeHost, Child]:
        host = FakeHost(tmp_path, gpus, *lines)
        child = Child(library, host, patience)
        children.append(child)
        return host, child

    yield make
    for child in children:
        assert child.close() == 0
