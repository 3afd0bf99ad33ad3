"""When the wall clock is surely wrong, when right, and when neither is known; how long records wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.trust import Trust
from collectors.host import Host
from collectors.timesync import EARLIEST, LATEST, Kept

NOW = 1_795_689_600.0  # 2026-11-26
CHRONY = "run/chrony/chronyd.pid"
MARK = "run/systemd/timesync/synchronized"


def kernel(synchronized: bool, most: float = 16.0) -> Kept:
    return Kept(synchronized, 0.0, 0.0, most, 16.0)


def refused() -> Kept:
    raise PermissionError(1, "adjtimex: Operation not permitted")


def board(root: Path, *files: str) -> Host:
    """A tree of files; asked of the kernel it is not: that is of this machine."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return Host(root)


@pytest.mark.parametrize(("wall", "what"), [(0.0, "1970"), (EARLIEST - 1, "before this version was made")])
def test_a_time_before_this_version_is_surely_wrong_whoever_says_otherwise(
    tmp_path: Path, wall: float, what: str
) -> None:
    assert Trust(board(tmp_path), lambda: kernel(True)).quality(wall) == "unsynchronised", what


def test_a_time_that_no_version_lives_to_see_is_wrong_unless_a_service_has_set_it(tmp_path: Path) -> None:
    in_2038 = 2**31 + 100.0
    assert in_2038 > LATEST
    assert Trust(board(tmp_path / "a"), None).quality(in_2038) == "unsynchronised"
    assert Trust(board(tmp_path / "b", MARK), None).quality(in_2038) == "synchronised"


def test_a_board_that_begins_at_its_last_shutdown_is_behind_its_newest_record(tmp_path: Path) -> None:
    trust = Trust(board(tmp_path), None)
    assert trust.quality(NOW) == "unknown"
    trust.floor = NOW + 600.0
    assert trust.quality(NOW) == "unsynchronised"
    assert trust.quality(NOW + 599.5) == "unknown"


def test_the_mark_of_timesyncd_says_right_and_its_absence_beside_it_not_set(tmp_path: Path) -> None:
    host = board(tmp_path, "run/systemd/timesync/clock")
    assert Trust(host, None).quality(NOW) == "unsynchronised"
    board(tmp_path, MARK)
    assert Trust(host, None).quality(NOW) == "synchronised"


def test_without_a_time_service_nothing_is_known(tmp_path: Path) -> None:
    assert Trust(board(tmp_path), None).quality(NOW) == "unknown"


@pytest.mark.parametrize(("synchronized", "said"), [(True, "synchronised"), (False, "unsynchronised")])
def test_the_kernel_tells_of_chrony(tmp_path: Path, synchronized: bool, said: str) -> None:
    assert Trust(board(tmp_path, CHRONY), lambda: kernel(synchronized)).quality(NOW) == said


@pytest.mark.parametrize(("most", "said"), [(0.02, "unknown"), (15.9, "unknown"), (16.0, "unsynchronised")])
def test_chrony_without_rtcsync_is_not_taken_for_a_clock_that_nobody_set(
    tmp_path: Path, most: float, said: str
) -> None:
    """It never clears the kernel's flag, but tells the kernel how wrong the clock may be; a step takes that
    back, and so does the boot."""
    trust = Trust(board(tmp_path, CHRONY), lambda: kernel(False, most))
    assert trust.quality(NOW) == said
    trust.floor = NOW + 600.0
    assert trust.quality(NOW) == "unsynchronised", "behind the newest record"
    assert trust.quality(0.0) == "unsynchronised"


@pytest.mark.parametrize("files", [("run/ntpd.pid",), (CHRONY, "run/systemd/timesync/clock")])
def test_beside_another_service_the_kernel_s_denial_counts(tmp_path: Path, files: tuple[str, ...]) -> None:
    assert Trust(board(tmp_path, *files), lambda: kernel(False, 0.02)).quality(NOW) == "unsynchronised"


def test_a_kernel_that_nobody_ever_told_says_nothing(tmp_path: Path) -> None:
    assert Trust(board(tmp_path), lambda: kernel(False)).quality(NOW) == "unknown"


def test_a_kernel_that_refuses_is_asked_once(tmp_path: Path) -> None:
    asked = []

    def ask() -> Kept:
        asked.append(1)
        return refused()

    trust = Trust(board(tmp_path, CHRONY), ask)
    assert [trust.quality(NOW) for _ in range(3)] == ["unknown"] * 3
    assert len(asked) == 1


def test_a_kernel_is_asked_about_its_own_host_alone(tmp_path: Path) -> None:
    assert Trust.of(Host())._ask is not None
    assert Trust.of(board(tmp_path))._ask is None
