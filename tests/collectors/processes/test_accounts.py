from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.host import COUNT_LIMIT, Host
from collectors.processes import accounts
from collectors.processes.accounts import MOST_CPUS, Accounts, hidden, parse_cpus, parse_io, parse_stat, sized
from tests.broken import with_nobody
from tests.collectors.conftest import Make

AFTER = (
    " R 5392 7446 5392 34835 7446 4218880 32533 309516 26 82 1677 44 158 99 20 0 3 0 82375 56274944 1981 0"
)
STAT = f"26231 (vim){AFTER}\n".encode()


@contextlib.contextmanager
def running(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process of Python, that has printed a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}\nprint(flush=True)\nimport sys\nsys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.stdin.close()
        process.stdout.close()
        process.wait()


def test_a_process_says_the_same_as_to_psutil() -> None:
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
    with running(f"{code}x = bytearray(30 << 20)\nf = open('/dev/null')\nsum(range(10**7))") as process:
        process.send_signal(signal.SIGSTOP)  # so that two readers see the same
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        found, other = Accounts(Host()), psutil.Process(process.pid)
        stat, times = found.stat(process.pid), other.cpu_times()
        ticks = os.sysconf("SC_CLK_TCK")
        assert (stat.user / ticks, stat.system / ticks) == (times.user, times.system)
        assert stat.user > 0
        assert stat.threads == other.num_threads() == 2
        pages = other.memory_info().rss / os.sysconf("SC_PAGE_SIZE")  # of statm, which is exact
        assert abs(stat.rss - pages) <= 64 * (os.cpu_count() or 1)
        assert stat.rss > (30 << 20) / os.sysconf("SC_PAGE_SIZE")
        assert found.descriptors(process.pid) == other.num_fds()
        assert tuple(found.io(process.pid)) == other.io_counters()[2:4]
        pss, full = found.pss(process.pid), other.memory_full_info()
        # What is shared is divided anew whenever a process that has it too begins or ends.
        assert abs(pss - full.pss) <= full.shared
        assert full.uss <= pss <= full.rss
        booted = psutil.boot_time()
        assert abs(stat.start / ticks - (other.create_time() - booted)) < 1.1
        assert not stat.ended


def test_a_zombie_has_ended() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        assert Accounts(Host()).stat(pid).ended
    finally:
        os.waitpid(pid, 0)


@pytest.mark.parametrize("name", [b"vim", b"a) R 1 2 3", b"((x) )\n(", b"\x1b[2J \xff\x00", b""])
def test_a_name_may_hold_anything(name: bytes) -> None:
    assert parse_stat(b"1 (" + name + b")" + AFTER.encode()) == (False, 26, 1677, 44, 3, 82375, 1981)


@pytest.mark.parametrize("text", [b"", b"1 (x) R 1 2", STAT[:60], STAT.replace(b"1677", b"-1"), b"\0" * 99])
def test_a_malformed_line_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="/proc/PID/stat: malformed line"):
        parse_stat(text)


NUMBERS = st.integers(-2, 1 << 65).map(b"%d".__mod__)
WORDS = NUMBERS | st.sampled_from([b"R", b"Z", b"(x)", b")", b"nan", b"\xff"])


@given(
    st.lists(NUMBERS, min_size=21, max_size=30).map(lambda words: b"1 (x) S " + b" ".join(words))
    | st.binary(max_size=400)
)
def test_any_bytes_give_counts_of_a_process_or_a_value_error(text: bytes) -> None:
    try:
        stat = parse_stat(text)
    except ValueError:
        return
    assert stat.ended in (False, True)
    assert all(0 <= each < COUNT_LIMIT for each in stat[1:])


@given(
    st.lists(st.tuples(st.sampled_from([b"read_bytes", b"write_bytes"]), WORDS).map(b": ".join)).map(
        b"\n".join
    )
)
def test_any_bytes_give_traffic_or_a_value_error(text: bytes) -> None:
    try:
        found = parse_io(text)
    except ValueError:
        return
    assert all(0 <= each < COUNT_LIMIT for each in found)


@given(st.lists(st.sampled_from([b"0", b"3", b"-", b",", b"9999", b" ", b"x"])).map(b"".join))
def test_any_list_of_cpus_counts_some_or_is_refused(text: bytes) -> None:
    try:
        found = parse_cpus(text)
    except ValueError:
        return
    assert 1 <= found <= MOST_CPUS * (1 + text.count(b","))


@pytest.mark.parametrize(("text", "count"), [(b"0\n", 1), (b"0-3\n", 4), (b"0-3,6,8-9\n", 7)])
def test_cpus_are_counted(text: bytes, count: int) -> None:
    assert parse_cpus(text) == count


@pytest.mark.parametrize("text", [b"", b"3-0", b"0-99999999", b"a-b", b"1-2-3x"])
def test_a_malformed_list_of_cpus_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="cpu/online: malformed line"):
        parse_cpus(text)


def test_io_without_its_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="no line read_bytes:"):
        parse_io(b"rchar: 1\n")
    with pytest.raises(ValueError, match="malformed line 'write_bytes: x'"):
        parse_io(b"read_bytes: 1\nwrite_bytes: x\n")


def test_descriptors_are_listed_where_their_number_is_not_told(make: Make) -> None:
    host = make({f"proc/7/fd/{number}": "" for number in range(12)} | {"proc/self/fd/0": ""})
    assert not sized(host)
    assert Accounts(host).descriptors(7) == 12


def test_too_many_descriptors_to_list_are_an_error(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = make({f"proc/7/fd/{number}": "" for number in range(12)})
    monkeypatch.setattr(accounts, "MOST_DESCRIPTORS", 11)
    with pytest.raises(ValueError, match="more than 11 descriptors"):
        Accounts(host).descriptors(7)


def test_another_user_sees_the_number_of_descriptors_where_the_kernel_tells_it() -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to become somebody else")
    with running("f = open('/dev/null')") as process:
        found, right = Accounts(Host()), len(os.listdir(f"/proc/{process.pid}/fd"))
        with_nobody(wanted=True)
        try:
            with pytest.raises(PermissionError):
                found.io(process.pid)
            if sized(Host()):
                assert found.descriptors(process.pid) == right
            else:
                with pytest.raises(PermissionError):
                    found.descriptors(process.pid)
        finally:
            with_nobody(wanted=False)


def test_a_proc_without_process_one_hides_others(make: Make, tmp_path: Path) -> None:
    host = make({"proc/7/stat": ""})
    assert hidden(host) == f"{tmp_path}/proc hides the processes of other users (hidepid)"
    assert hidden(make({"proc/1/stat": ""})) == ""
