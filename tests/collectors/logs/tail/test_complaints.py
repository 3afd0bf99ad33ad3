from __future__ import annotations

from errno import EACCES, EIO, ENOENT

import pytest

from collectors.logs.tail.complaints import MOST, Complaints
from collectors.logs.tail.medium import Refused
from collectors.logs.tail.track import Part
from collectors.tally import Tally


class Ear:
    def __init__(self) -> None:
        self.words: list[str] = []
        self.tally = Tally()
        self.complaints = Complaints(self.tally, self.words.append)

    def counts(self) -> dict[tuple[str, ...], float]:
        return {(each.name, *(v for _, v in each.attributes)): each.value for each in self.tally.snapshot()}


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_permission_errors_are_said_once_then_counted(ear: Ear) -> None:
    """contrib#20435."""
    for _ in range(5):
        ear.complaints.error("/l/a", OSError(EACCES, "Permission denied"))
    assert ear.words == ["/l/a: Permission denied"]
    assert ear.counts() == {("outrider.logs.unreadable", "EACCES"): 5}
    assert ear.complaints.closed == {"/l/a"}
    ear.complaints.well("/l/a")
    assert not ear.complaints.closed
    assert not ear.complaints.refused
    ear.complaints.error("/l/a", OSError(EIO, "Input/output error"))
    assert len(ear.words) == 2
    assert not ear.complaints.closed


def test_a_file_that_is_not_there_is_no_error(ear: Ear) -> None:
    ear.complaints.error("/l/a", OSError(ENOENT, "No such file"))
    assert (ear.words, ear.counts()) == ([], {})


def test_what_is_refused_may_not_be_read_later(ear: Ear) -> None:
    ear.complaints.error("/l/a", Refused("link", "leads to /etc/shadow", "/l/a"))
    assert ear.counts() == {("outrider.logs.unreadable", "link"): 1}
    assert not ear.complaints.closed


def test_only_so_much_is_said(ear: Ear) -> None:
    for number in range(MOST + 10):
        ear.complaints.error(f"/l/{number}", OSError(EACCES, "Permission denied"))
    assert len(ear.words) == len(ear.complaints.refused) == MOST


def test_names_are_printed_harmlessly(ear: Ear) -> None:
    ear.complaints.error("/l/\x1b[2J", OSError(EACCES, "Permission denied"))
    assert "\x1b" not in ear.words[0]


def test_what_was_read_and_left_out_is_counted(ear: Ear) -> None:
    ear.complaints.part(Part(b"a\n", None, 10, cut=1, torn=2, malformed=3, dropped=4))
    names = ("read", "cut", "torn", "unwrapped", "dropped")
    assert [ear.counts()[(f"outrider.logs.{name}",)] for name in names] == [10, 1, 2, 3, 4]


def test_files_beyond_the_limit_are_said_once(ear: Ear) -> None:
    for beyond in (0, 3, 3, 4):
        ear.complaints.beyond("app", beyond, 8)
    assert ear.words == ["app: 8 files are followed, at least 3 more are not"]
    assert ear.counts() == {("outrider.logs.beyond",): 4}
