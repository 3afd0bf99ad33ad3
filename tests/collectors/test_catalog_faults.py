"""Every file that a collector reads, with every fault: the reading is absent and says why, no more."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from collectors import catalog
from collectors.api import Reading
from collectors.host import Host
from tests.broken import FAULTS, SPEAKING, files, polls, silent_about, violations
from tests.casebook import Case, cases
from tests.collecting import opened


class Fault(NamedTuple):
    """One thing that is wrong with one file."""

    file: Path
    kind: str


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that anybody may read: a file is refused to `nobody`, never to root."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "host"


def faults(case: Case) -> Iterator[Fault]:
    """Every fault of every file of the case."""
    for file in files(case.source):
        for kind in FAULTS:
            yield Fault(file.relative_to(case.source), kind)


def said(case: Case, host: Host) -> list[Reading | Exception]:
    """What two polls of the case say, as its files lie now."""
    return list(polls(lambda: opened(case.collector, host, options=case.options)))


def mended(case: Case, folder: Path, file: Path) -> None:
    """Lay one file anew: to copy the whole tree for each fault would take most of the time."""
    broken = folder / file
    if broken.is_dir():
        broken.rmdir()
    else:
        broken.unlink(missing_ok=True)
    shutil.copy2(case.source / file, broken)


def wrong(case: Case, folder: Path) -> Iterator[str]:
    """What the collector gets wrong under any fault."""
    host = case.laid(folder)
    good = said(case, host)[-1]
    for fault in faults(case):
        FAULTS[fault.kind](folder / fault.file)
        for each in said(case, host):
            found = violations(each)
            if fault.kind in SPEAKING:
                found += [f"{name} is gone without a word" for name in silent_about(good, each)]
            yield from (f"{fault.file} {fault.kind}: {words}" for words in found)
        mended(case, folder, fault.file)


@pytest.mark.parametrize("name", catalog.NAMES)
def test_each_fault_of_each_file_costs_a_reading_and_says_why(name: str, place: Path) -> None:
    catalog.load(name)  # `nobody` may not even read the program
    found = [f"{case.name}: {each}" for case in cases(name) for each in wrong(case, place)]
    assert found == []
