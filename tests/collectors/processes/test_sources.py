from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.host import Host
from collectors.processes import sources
from collectors.processes.sources import Found, Search, Unit, of_file
from tests.broken import let_in, with_nobody
from tests.collectors.conftest import Make

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


def process(pid: int, name: str, *arguments: str) -> dict[str, str]:
    """The files of a process by which it is picked."""
    line = "".join(f"{each}\0" for each in arguments)
    return {f"proc/{pid}/comm": f"{name}\n", f"proc/{pid}/cmdline": line}


INIT = process(1, "systemd", "/sbin/init")


def searched(host: Host, *patterns: str) -> list[Found]:
    """What one search finds."""
    search = Search(host, patterns)
    search.renew(0.0)
    search.look()
    return [search.matched(pattern) for pattern in patterns]


def test_a_pattern_is_of_the_whole_name_or_of_the_whole_command_line(make: Make) -> None:
    host = make(
        INIT
        | process(7, "python3", "/usr/bin/python3", "-m", "vllm", "serve me")
        | process(8, "vllm", "vllm", "bench")
        | process(9, "kworker/0:1")
    )
    found = searched(
        host, "vllm", "*-m vllm serve me", "vllm*", "*python3 -m*", "kworker*", "python?", "[!v]*3"
    )
    assert [list(each.pids) for each in found] == [[8], [7], [8], [7], [], [7], [7]]
    assert found[4] == Found((), "no process matches")


@pytest.mark.parametrize("name", ["a) R 1", "two\nlines", " ", "caf\xe9", "\x1b[2J"])
def test_a_name_of_any_letters_is_matched(make: Make, name: str) -> None:
    assert searched(make(INIT | process(5, name, "x")), name)[0].pids == [5]


def test_a_name_that_is_no_text_is_matched_by_a_question_mark(make: Make, tmp_path: Path) -> None:
    host = make(INIT | process(5, "", "x"))
    (tmp_path / "proc/5/comm").write_bytes(b"caf\xe9\n")
    assert searched(host, "caf?")[0].pids == [5]


def test_only_the_beginning_of_a_long_command_line_is_compared(make: Make) -> None:
    host = make(INIT | process(5, "java", "x" * 5000))
    assert [list(each.pids) for each in searched(host, "x" * 4096, "x" * 5000)] == [[5], []]


def test_a_known_process_is_read_twice_and_then_seldom(make: Make) -> None:
    host = make(
        INIT | {key: text for pid in range(100, 400) for key, text in process(pid, "sh", "sh").items()}
    )
    search = Search(host, ("model",))
    found = []
    for now in (0.0, 30.0, 60.0):
        search.renew(now)
        search.look()
        make(process(399, "model", "model"))
        found.append(list(search.matched("model").pids))
    assert found == [[], [399], [399]]  # it began another program after it was first seen
    make(process(399, "sh", "sh"))
    search.renew(90.0)
    search.look()
    assert search.matched("model").pids == [399]  # the slice of this search lies elsewhere
    search.renew(120.0)
    search.look()
    assert search.matched("model") == Found((), "no process matches")


def test_ended_processes_are_forgotten(make: Make, tmp_path: Path) -> None:
    host = make(INIT | process(5, "model", "model"))
    search = Search(host, ("model",))
    search.renew(0.0)
    search.look()
    (tmp_path / "proc/5").rename(tmp_path / "gone")
    search.renew(30.0)
    assert search.matched("model").pids == ()
    assert search.since == 0.0
    search.renew(60.0)
    assert search.since == 30.0


def test_a_number_given_to_another_process_is_read_again(make: Make, tmp_path: Path) -> None:
    host = make(INIT | process(5, "model", "model"))
    search = Search(host, ("model",))
    for now in (0.0, 30.0):
        search.renew(now)
        search.look()
    (tmp_path / "proc/5").rename(tmp_path / "gone")
    make(process(5, "sh", "sh"))
    search.renew(60.0)
    search.look()
    assert search.matched("model").pids == ()


def numbered(pid: int, name: str) -> subprocess.Popen[bytes]:
    """A process with this number, that lives until its input ends."""
    code = f"import ctypes, sys\nctypes.CDLL(None).prctl(15, {name.encode()!r}, 0, 0, 0)\nprint(flush=True)"
    for _ in range(100):  # others may take the number first
        LAST_PID.write_text(str(pid - 1))
        begun = subprocess.Popen(
            [sys.executable, "-c", f"{code}\nsys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if begun.pid == pid:
            assert begun.stdout is not None
            begun.stdout.readline()
            return begun
        begun.communicate()
    pytest.skip(f"another process has the number {pid}")


def test_the_kernel_gives_a_number_to_another_process_and_it_is_seen() -> None:
    if os.getuid() != 0 or not LAST_PID.exists():
        pytest.skip("needs root and a kernel that lets a process choose its number")
    pid = next(each for each in range(30_000, 31_000) if not Path(f"/proc/{each}").exists())
    search = Search(Host(), ("reused-one", "reused-two"))
    found = []
    for now, name in ((0.0, "reused-one"), (30.0, "reused-two")):
        with numbered(pid, name) as begun:
            search.renew(now)
            search.look()
            found.append([list(search.matched(each).pids) for each in ("reused-one", "reused-two")])
            begun.communicate()
    assert found == [[[pid], []], [[], [pid]]]


def test_so_many_are_looked_at_in_a_poll_and_the_rest_later(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LOOKS", 3)
    names = ("a", "b", "c", "d")
    host = make(
        INIT
        | {key: text for pid, name in enumerate(names, 2) for key, text in process(pid, name, name).items()}
    )
    search = Search(host, names)
    search.renew(0.0)
    search.look()
    found = [search.matched(name) for name in names]
    left = [each for each in found if not each.pids]
    assert 1 <= len(left) <= 2
    assert set(left) == {Found((), "2 processes are yet to be looked at", sure=False)}
    search.look()
    assert [list(search.matched(name).pids) for name in names] == [[2], [3], [4], [5]]


@pytest.fixture
def refused(make: Make, tmp_path: Path) -> Iterator[Host]:
    """A host that keeps a process's command line from this one, as hidepid=1 does."""
    if os.getuid() != 0:
        pytest.skip("needs root, to become somebody else")
    host = make(INIT | process(5, "model", "model"))
    (tmp_path / "proc/5/cmdline").chmod(0)
    let_in(tmp_path)
    with_nobody(wanted=True)
    yield host
    with_nobody(wanted=False)


def test_what_may_not_be_read_is_not_taken_for_none(refused: Host) -> None:
    found = searched(refused, "model")[0]
    assert not found.sure
    assert "Permission denied" in found.why


def test_hidden_processes_are_not_taken_for_none(make: Make) -> None:
    found = searched(make(process(5, "sh", "sh")), "model")[0]
    assert not found.sure
    assert found.why.endswith("hides the processes of other users (hidepid)")


TREE = {
    "sys/fs/cgroup/cgroup.controllers": "cpu\n",
    "sys/fs/cgroup/system.slice/model.service/cgroup.procs": "7\n9\n",
    "sys/fs/cgroup/system.slice/model.service/inner/cgroup.procs": "8\n",
    "sys/fs/cgroup/system.slice/model.service.d/cgroup.procs": "66\n",
    "sys/fs/cgroup/user.slice/_memory.service/cgroup.procs": "5\n",
}


@pytest.mark.parametrize(
    ("name", "pids"),
    [
        ("model.service", [7, 8, 9]),
        ("model", [7, 8, 9]),
        ("memory", [5]),
        ("../system.slice", []),
        ("slice", []),
    ],
)
def test_a_unit_is_its_group_and_those_below(make: Make, name: str, pids: list[int]) -> None:
    unit = Unit(make(TREE), name)
    unit.renew()
    found = unit.pids()
    unit.close()
    assert list(found.pids) == pids
    assert found.sure
    assert bool(found.why) == (not pids)


def test_version_one_names_units_in_systemds_tree(make: Make) -> None:
    base = "sys/fs/cgroup"
    unit = Unit(
        make({f"{base}/memory/x": "", f"{base}/systemd/system.slice/model.service/cgroup.procs": "7\n"}),
        "model",
    )
    unit.renew()
    assert unit.pids().pids == [7]
    unit.close()


def test_processes_out_of_sight_are_not_taken_for_none(make: Make) -> None:
    unit = Unit(make(TREE | {"sys/fs/cgroup/system.slice/model.service/cgroup.procs": "0\n0\n"}), "model")
    unit.renew()
    found = unit.pids()
    unit.close()
    assert not found.sure
    assert "out of sight of this process's PID namespace" in found.why


@pytest.mark.parametrize("text", ["x", "7 -1", "nan", "7.5"])
def test_a_malformed_list_of_processes_is_said(make: Make, text: str) -> None:
    unit = Unit(make(TREE | {"sys/fs/cgroup/system.slice/model.service/cgroup.procs": text}), "model")
    unit.renew()
    found = unit.pids()
    unit.close()
    assert not found.sure
    assert found.why.endswith("cgroup.procs: malformed")


def test_a_host_without_groups_knows_no_unit(make: Make) -> None:
    unit = Unit(make(INIT), "model")
    unit.renew()
    found = unit.pids()
    assert not found.sure
    assert "holds no control groups" in found.why


@pytest.mark.parametrize("text", ["7", "7\n", "  7 \n"])
def test_a_pid_file_names_one_process(make: Make, text: str) -> None:
    assert of_file(make({"run/model.pid": text}), "/run/model.pid").pids == (7,)


@pytest.mark.parametrize("text", ["", "x", "-7", "7 8", "nan", "\u0667", "99999999999", "7" * 100])
def test_a_malformed_pid_file_is_said(make: Make, text: str) -> None:
    found = of_file(make({"run/model.pid": text}), "/run/model.pid")
    assert not found.sure
    assert "/run/model.pid: " in found.why


def test_without_its_pid_file_a_program_does_not_run(make: Make, tmp_path: Path) -> None:
    host = make(INIT)
    assert of_file(host, "/run/model.pid").sure
    os.mkfifo(tmp_path / "fifo")
    assert not of_file(host, "/fifo").sure
