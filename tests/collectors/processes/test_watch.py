from __future__ import annotations

import os
from pathlib import Path

import pytest

from collectors.api import Absence
from collectors.host import Host
from collectors.processes.accounts import Accounts
from collectors.processes.sources import Found
from collectors.processes.watch import MOST, Watch
from tests.collectors.conftest import Make

IO = "read_bytes: {0}\nwrite_bytes: {1}\n"
FIRST = [Absence("process.cpu.utilization", "w: there was no poll before")]
NAMES = (
    "count", "user", "system", "utilization", "memory", "threads", "descriptors", "read", "write", "faults",
    "uptime", "restarts",
)  # fmt: skip


def line(pid: int, start: int, user: int, *, state: str = "S", system: int = 0, faults: int = 0) -> str:
    """A process's own line."""
    return f"{pid} (x) {state} 1 1 1 0 -1 0 0 0 {faults} 0 {user} {system} 0 0 20 0 1 0 {start} 0 10\n"


def process(
    pid: int, start: int, user: int, *, io: tuple[int, int] = (0, 0), state: str = "S"
) -> dict[str, str]:
    """The files of one process, begun at the tick `start`, that used `user` ticks of CPU."""
    return {
        f"proc/{pid}/stat": line(pid, start, user, state=state),
        f"proc/{pid}/io": IO.format(*io),
        f"proc/{pid}/fd/0": "",
    }


class Watched:
    """A watch of some processes of a made host, and what it says by name."""

    def __init__(self, host: Host, *, pss: bool = False) -> None:
        self.watch = Watch("w", host, Accounts(host), pss=pss)
        self.absences: list[Absence] = []

    def __call__(
        self, now: float, *pids: int, since: float = 0.0, sure: bool = True, why: str = ""
    ) -> dict[str, float]:
        row, self.absences = self.watch.collect(now, Found(pids, why, sure, since), 2)
        assert len(row) == len(self.watch.series)
        return {name: value for name, value in zip(NAMES, row, strict=False) if value is not None}


INIT = {"proc/1/stat": line(1, 0, 0)}


def test_all_processes_are_summed(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70, io=(10, 20)) | process(6, 1100, 30, io=(1, 2))))
    assert watched(100.0, 5, 6) == {
        "count": 2,
        "user": 1.0,
        "system": 0.0,
        "memory": 20 * 4096,
        "threads": 2,
        "descriptors": 2,
        "read": 11,
        "write": 22,
        "faults": 0,
        "uptime": 90.0,
        "restarts": 0,
    }
    assert watched.absences == FIRST


def test_counters_do_not_go_back_when_a_process_ends(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70, io=(10, 20)) | process(6, 1100, 30, io=(1, 2))))
    watched(100.0, 5, 6)
    make(process(5, 1000, 80, io=(11, 20)))
    found = watched(110.0, 5)
    assert (found["user"], found["read"], found["write"], found["count"]) == (1.1, 12, 22, 1)
    assert watched.watch.ended
    watched(120.0, 5)
    assert not watched.watch.ended


def test_the_last_times_of_a_zombie_count_once(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70)))
    watched(100.0, 5)
    make(process(5, 1000, 95, state="Z"))
    assert [watched(now, 5)["user"] for now in (110.0, 120.0)] == [0.95, 0.95]
    assert watched(130.0, 5)["count"] == 0


def test_a_process_that_ended_between_listing_and_reading_is_none(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70)))
    assert watched(100.0, 5, 99)["count"] == 1
    assert watched.absences == FIRST


def test_one_that_began_since_the_search_counts_whole_and_an_old_one_from_now_on(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70, io=(5, 0))))
    watched(100.0, 5)
    make(process(6, 10_500, 30, io=(7, 0)) | process(7, 2000, 9999, io=(999, 0)))
    found = watched(110.0, 5, 6, 7, since=100.0)
    assert (found["user"], found["read"]) == (1.0, 12)
    make(process(7, 2000, 10_009, io=(1000, 0)))
    found = watched(120.0, 5, 6, 7, since=110.0)
    assert (found["user"], found["read"]) == (1.1, 13)


def test_a_number_given_to_another_process_begins_anew(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70)))
    watched(100.0, 5)
    make(process(5, 10_500, 20))
    found = watched(110.0, 5, since=100.0)
    assert (found["user"], found["restarts"]) == (0.9, 1)
    assert found["uptime"] == 5.0


def test_a_counter_that_went_back_adds_nothing(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70, io=(10, 10))))
    watched(100.0, 5)
    make(process(5, 1000, 60, io=(5, 20)))
    found = watched(110.0, 5)
    assert (found["user"], found["read"], found["write"]) == (0.7, 10, 20)


def test_a_restart_is_another_main_process_begun_after_the_last_was_seen(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 0) | process(6, 1100, 0)))
    watched(100.0, 5, 6)
    assert watched(110.0, 6)["restarts"] == 0  # a sibling took over
    assert watched(120.0) == {
        "count": 0,
        "user": 0,
        "system": 0,
        "read": 0,
        "write": 0,
        "faults": 0,
        "restarts": 0,
    }
    make(process(7, 12_500, 0))
    assert watched(130.0, 7)["restarts"] == 1
    make(process(8, 13_500, 0))
    assert watched(140.0, 7, 8)["restarts"] == 1  # a worker of the same


def test_utilization_is_the_share_of_all_cpus_since_the_poll_before(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70)))
    assert "utilization" not in watched(100.0, 5)
    make(process(5, 1000, 570) | process(6, 10_400, 100) | process(7, 2000, 9999))
    assert watched(110.0, 5, 6, 7, since=90.0)["utilization"] == (5.0 + 1.0) / 10.0 / 2


def test_nothing_to_watch_is_no_zero(make: Make) -> None:
    watched = Watched(make(INIT))
    found = watched(100.0, why="no process matches")
    assert found["count"] == 0
    assert {"memory", "threads", "descriptors", "uptime", "utilization"}.isdisjoint(found)
    assert watched.absences == [Absence("w", "no process matches")]


def test_what_nobody_knows_is_absent(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70)))
    assert watched(100.0, 5, why="more than 64 groups", sure=False) == {"restarts": 0}
    assert watched.absences == [Absence("w", "more than 64 groups")]


@pytest.mark.parametrize("text", ["", "5 (x", line(5, 1000, -1), line(5, 1000, 1 << 64), "\0" * 300])
def test_a_process_that_cannot_be_read_makes_no_sum(make: Make, text: str) -> None:
    watched = Watched(make(INIT | process(5, 1000, 70) | process(6, 1000, 30)))
    watched(100.0, 5, 6)
    make({"proc/5/stat": text})
    assert watched(110.0, 5, 6) == {"restarts": 0}
    assert watched.absences[0].what == "process.count"
    assert watched.absences[0].reason.startswith("w: /proc/PID/stat: malformed line")


def test_secret_io_costs_the_io_alone(make: Make, tmp_path: Path) -> None:
    host = make(INIT | process(5, 1000, 70))
    (tmp_path / "proc/5/io").write_text("read_bytes: secret\n")
    watched = Watched(host)
    found = watched(100.0, 5)
    assert found.keys() == {*NAMES} - {"read", "write", "utilization"}
    assert watched.absences[:1] == [
        Absence("process.disk.io", "w: /proc/PID/io: malformed line 'read_bytes: secret'")
    ]


def test_processes_behind_a_hiding_proc_are_not_taken_for_ended(make: Make) -> None:
    watched = Watched(make(process(5, 1000, 70)))
    assert watched(100.0, 5, 6) == {"restarts": 0}
    assert watched.absences[0].reason.endswith("hides the processes of other users (hidepid)")


def test_a_start_in_the_future_is_absent(make: Make) -> None:
    watched = Watched(make(INIT | process(5, 20_000, 70)))
    assert "uptime" not in watched(100.0, 5)
    assert watched.absences[1:] == [
        Absence("process.uptime", "w: begun at 200 s of a boot that is 100 s old")
    ]


def test_too_many_processes_are_no_sum(make: Make) -> None:
    many = {key: text for pid in range(1000, 1000 + MOST + 1) for key, text in process(pid, 1000, 1).items()}
    watched = Watched(make(INIT | many))
    assert "memory" in watched(100.0, *range(1000, 1000 + MOST))
    assert watched(110.0, *range(1000, 1000 + MOST + 1)) == {"restarts": 0}
    assert watched.absences == [
        Absence("process.count", f"w: {MOST + 1} processes, of which {MOST} are summed")
    ]


def test_proportional_memory_is_read_once_a_minute(make: Make) -> None:
    host = make(INIT | process(5, 1000, 70) | {"proc/5/smaps_rollup": "Rss: 9 kB\nPss: 7 kB\n"})
    watch = Watch("w", host, Accounts(host), pss=True)
    assert watch.series[-1].name == "process.memory.pss"
    rows = [watch.collect(now, Found((5,)), 1)[0][-1] for now in (100.0, 159.0, 160.0)]
    assert rows == [7 * 1024, None, 7 * 1024]


def test_a_real_process_that_ends_leaves_its_time_behind() -> None:
    pid = os.fork()
    if pid == 0:
        while sum(os.times()[:2]) < 0.2:
            pass
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    host = Host()
    watch = Watch("w", host, Accounts(host), pss=False)
    try:
        before, _ = watch.collect(1e9, Found((pid,)), 1)
    finally:
        _, _, usage = os.wait4(pid, 0)
    after, _ = watch.collect(2e9, Found((pid,)), 1)
    assert before[:3] == after[:3]
    assert before[0] == 0
    assert sum(each or 0 for each in before[1:3]) == pytest.approx(usage.ru_utime + usage.ru_stime, abs=0.021)
