from __future__ import annotations

import gzip
import lzma
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from backports import zstd

from collectors.logs.tail.source import Limits, Source
from tests.tailing import SMALL, Tailing, append, numbered, texts

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".zst": zstd.compress,
    ".xz": lzma.compress,
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


@pytest.fixture
def tailing(tmp_path: Path) -> Iterator[Tailing]:
    made = Tailing(Source("app", (f"{tmp_path}/*.log",), start="start"))
    yield made
    made.tailer.close()


def pack(path: Path, ending: str) -> Path:
    """As gzip and its like do: the time of the last writing stays."""
    packed = path.with_name(path.name + ending)
    packed.write_bytes(PACKERS[ending](path.read_bytes()))
    written = path.stat()
    os.utime(packed, ns=(written.st_atime_ns, written.st_mtime_ns))
    path.unlink()
    return packed


def test_lines_come_once_and_whole(log: Path, tailing: Tailing) -> None:
    append(log, "one", "two")
    assert tailing.read() == [b"one", b"two"]
    assert tailing.read() == []
    with log.open("ab") as file:
        file.write(b"thr")
    assert tailing.read() == []
    with log.open("ab") as file:
        file.write(b"ee\nfour\n")
    assert tailing.read() == [b"three", b"four"]


def test_of_a_log_that_is_not_taken_now_the_lines_wait(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"one\n")
    (tmp_path / "b.log").write_bytes(b"two\n")
    (a, b) = (Source(name, (f"{tmp_path}/{name}.log",), start="start") for name in "ab")
    with closing(Tailing(a, b).tailer) as tailer:
        tailer.look()
        assert tailer.behind() == {"a": 4, "b": 4}
        assert [chunk.text for chunk in tailer.take(1 << 20, 10.0, "b".__eq__)] == [b"two\n"]
        assert tailer.behind() == {"a": 4, "b": 0}
        assert [chunk.text for chunk in tailer.take(1 << 20, 10.0)] == [b"one\n"]
        assert tailer.behind() == {"a": 0, "b": 0}


# The lines of the field lessons about tailing, one test each.


def test_rotation_and_restart_lose_and_repeat_no_line(log: Path, tailing: Tailing) -> None:
    """telegraf#3522, #1829, #15324; fluent-bit#5024, #1330."""
    lines = numbered(0, 40)
    append(log, *lines[:10])
    tailing.read()
    append(log, *lines[10:20])
    log.rename(log.with_name("app.log.1"))
    append(log, *lines[20:30])
    tailing.crash()
    tailing.read(3)
    append(log, *lines[30:])
    tailing.crash()
    tailing.read(3)
    assert tailing.lines == texts(lines)


def test_more_rotated_files_than_one_search_opens_lose_no_line(log: Path, tailing: Tailing) -> None:
    """Hourly ones of a week, most of which came while nobody looked: and a copy is found among them all."""
    lines = numbered(0, 172)
    began = time.time_ns() - 200 * 10**9
    append(log, lines[0])
    os.utime(log, ns=(0, began))
    tailing.read()
    append(log, lines[1])
    for hour in range(168):
        os.utime(log, ns=(0, began + hour * 10**9))
        log.rename(log.with_name(f"app.log.{hour:03d}"))
        append(log, lines[hour + 2])
    append(log, *lines[170:])
    tailing.crash()
    tailing.read(20)
    assert tailing.lines == texts(lines)
    more = numbered(172, 174)
    append(log, more[0])
    shutil.copy(log, log.with_name("app.log.168"))
    os.truncate(log, 0)
    append(log, more[1])
    tailing.crash()
    tailing.read(8)
    assert tailing.lines == texts(lines + more)


def test_an_offset_is_stored_with_the_data_it_produced(log: Path, tailing: Tailing) -> None:
    """A crash after lines were taken and before they were stored gives the same lines again."""
    append(log, *numbered(0, 5))
    tailing.read()
    append(log, *numbered(5, 10))
    taken = tailing.look()
    assert taken == texts(numbered(5, 10))
    tailing.crash()
    assert tailing.look() == taken
    tailing.keep(taken)
    tailing.crash()
    assert tailing.read() == []


def test_a_file_with_a_used_inode_is_another_generation(log: Path, tailing: Tailing) -> None:
    """vector#25079, #23076: the same inode and more bytes than were read, but another content."""
    append(log, *numbered(0, 5))
    inode = log.stat().st_ino
    tailing.read()
    log.write_bytes(b"".join(line + b"\n" for line in texts(numbered(100, 120))))
    assert log.stat().st_ino == inode
    tailing.crash()
    assert tailing.read(8) == texts(numbered(100, 120))


def test_a_stored_offset_is_never_past_the_end(log: Path, tailing: Tailing) -> None:
    append(log, *numbered(0, 50))
    tailing.read()
    log.write_bytes(b"a new beginning\n")
    tailing.crash()
    assert tailing.read(8) == [b"a new beginning"]


def test_truncation_by_copytruncate_is_detected_and_the_copy_read_to_its_end(
    log: Path, tailing: Tailing
) -> None:
    """contrib#43693."""
    append(log, *numbered(0, 10))
    tailing.read()
    append(log, *numbered(10, 15))
    shutil.copy(log, log.with_name("app.log.1"))
    os.truncate(log, 0)
    append(log, *numbered(15, 20))
    tailing.read(3)
    assert tailing.lines == texts(numbered(0, 20))
    assert tailing.counts()["rotations.cut"] == 1


def test_what_was_written_between_copy_and_cut_is_lost_and_the_cut_counted(
    log: Path, tailing: Tailing
) -> None:
    append(log, *numbered(0, 10))
    tailing.read()
    shutil.copy(log, log.with_name("app.log.1"))
    append(log, *numbered(10, 12))
    os.truncate(log, 0)
    append(log, *numbered(12, 14))
    tailing.read(8)
    assert tailing.lines == texts([*numbered(0, 10), *numbered(12, 14)])
    assert tailing.counts()["rotations.cut"] == 1


def test_lines_that_were_read_after_the_copy_are_not_read_again_from_it(log: Path, tailing: Tailing) -> None:
    append(log, *numbered(0, 10))
    shutil.copy(log, log.with_name("app.log.1"))
    append(log, *numbered(10, 12))
    tailing.read()
    os.truncate(log, 0)
    append(log, *numbered(12, 14))
    tailing.read(8)
    assert tailing.lines == texts(numbered(0, 14))
    assert tailing.counts()["unfound.copied"] == 1


@pytest.mark.parametrize("ending", PACKERS)
def test_rotated_compressed_files_are_not_read_twice(ending: str, tmp_path: Path) -> None:
    """contrib#40523, #46105: also where the pattern names them."""
    tailing = Tailing(Source("app", (f"{tmp_path}/app.log*",), start="start"))
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    tailing.read()
    log.rename(tmp_path / "app.log.1")
    append(log, *numbered(10, 20))
    tailing.read(2)
    pack(tmp_path / "app.log.1", ending)
    tailing.read(40)
    tailing.crash()
    append(log, *numbered(20, 22))
    tailing.read(3)
    assert tailing.lines == texts(numbered(0, 22))
    tailing.tailer.close()


@pytest.mark.parametrize("ending", PACKERS)
def test_a_log_compressed_while_nobody_looked_is_read_from_where_it_stood(
    ending: str, log: Path, tailing: Tailing
) -> None:
    append(log, *numbered(0, 200))
    tailing.read()
    append(log, *numbered(200, 400))
    log.rename(log.with_name("app.log.1"))
    pack(log.with_name("app.log.1"), ending)
    append(log, *numbered(400, 500))
    tailing.crash()
    tailing.read(4)
    assert tailing.lines == texts(numbered(0, 500))


def test_an_hour_of_lines_rotated_and_compressed_while_it_was_stopped_counts_exactly(
    log: Path, tailing: Tailing
) -> None:
    """One line a second, rotated each ten minutes, the older ones compressed; nothing before that again."""
    append(log.with_name("app.log.9.gz"), "an archive of another time")
    os.utime(log.with_name("app.log.9.gz"), (time.time() - 7200,) * 2)
    append(log, *numbered(0, 100))
    tailing.read()
    tailing.tailer.close()
    for tens in range(6):
        append(log, *numbered(100 + tens * 600, 700 + tens * 600))
        for number in range(tens, 0, -1):
            for ending in ("", *PACKERS):
                older = log.with_name(f"app.log.{number}{ending}")
                if older.exists():
                    older.rename(log.with_name(f"app.log.{number + 1}{ending}"))
        log.rename(log.with_name("app.log.1"))
        if tens:
            pack(log.with_name("app.log.2"), list(PACKERS)[tens % 3])
        time.sleep(0.03)  # rotations of one tick of the kernel's clock would bear one time
    append(log, *numbered(3700, 3710))
    tailing.crash()
    tailing.read(12)
    assert tailing.lines == texts(numbered(0, 3710))


def test_several_rotations_between_two_looks(log: Path, tailing: Tailing) -> None:
    append(log, *numbered(0, 10))
    tailing.read()
    for number in range(1, 5):
        append(log, *numbered(number * 10, number * 10 + 10))
        log.rename(log.with_name(f"app.log-2026112{number}"))
        time.sleep(0.03)
    append(log, *numbered(50, 60))
    tailing.read(10)
    assert tailing.lines == texts(numbered(0, 60))
    assert tailing.counts()["rotations.unseen"] == 3


def test_a_writer_that_goes_on_in_the_rotated_file_is_followed(log: Path, tailing: Tailing) -> None:
    append(log, *numbered(0, 5))
    tailing.read()
    with log.open("ab") as late:
        log.rename(log.with_name("app.log.1"))
        tailing.read()
        late.write(b"a late line\n")
        late.flush()
        append(log, *numbered(5, 10))
        tailing.read(3)
        late.write(b"a very late line\n")
        late.flush()
        tailing.read(3)
    assert tailing.lines[5:] == [b"a late line", *texts(numbered(5, 10)), b"a very late line"]


def test_the_last_line_of_a_rotated_file_needs_no_line_feed(log: Path, tailing: Tailing) -> None:
    log.write_bytes(b"one\nand a half")
    tailing.read()
    log.rename(log.with_name("app.log.1"))
    append(log, "two")
    tailing.read(40)
    assert tailing.lines == [b"one", b"two", b"and a half"]
    assert tailing.counts()["torn"] == 1


def test_a_replaced_file_with_the_same_beginning_goes_on(log: Path, tailing: Tailing) -> None:
    """As an editor or a restore leaves it: another inode, the same lines."""
    append(log, *numbered(0, 20))
    tailing.read()
    copy = log.with_name("copy")
    shutil.copy(log, copy)
    append(copy, *numbered(20, 25))
    copy.rename(log)
    tailing.read(3)
    assert tailing.lines == texts(numbered(0, 25))


def test_two_services_that_begin_with_the_same_words_are_both_read(tmp_path: Path, tailing: Tailing) -> None:
    banner = ["INFO: Started server process [1]", "INFO: Waiting for application startup."]
    append(tmp_path / "model.log", *banner)
    append(tmp_path / "model-1.log", *banner)
    tailing.read()
    append(tmp_path / "model.log", "from the first")
    append(tmp_path / "model-1.log", "from the second")
    tailing.read(3)
    assert sorted(tailing.lines) == sorted(
        [*texts(banner), *texts(banner), b"from the first", b"from the second"]
    )


def test_a_file_that_shrinks_begins_anew(log: Path, tailing: Tailing) -> None:
    append(log, *numbered(0, 10))
    tailing.read()
    os.truncate(log, 0)
    assert tailing.read(8) == []
    append(log, *numbered(10, 12))
    assert tailing.read() == texts(numbered(10, 12))


def test_a_hole_left_by_a_writer_that_was_cut_is_gone_over(log: Path, tailing: Tailing) -> None:
    """A writer without O_APPEND writes behind where it was: zeros stand before."""
    append(log, *numbered(0, 10))
    size = log.stat().st_size
    tailing.read()
    log.write_bytes(b"")
    with log.open("r+b") as file:
        file.seek(size + (1 << 30))
        file.write(b"after the hole\n")
    assert tailing.read(8) == [b"after the hole"]
    assert tailing.counts()["dropped"] > 1 << 30


def test_lines_are_cut_at_the_limit_and_counted(log: Path, tailing: Tailing) -> None:
    append(log, "short", "x" * 100_000, "after")
    assert tailing.read(2) == [b"short", b"x" * SMALL.line, b"after"]
    assert tailing.counts()["cut"] == 1


def test_a_cut_line_is_cut_alike_across_a_crash(log: Path, tailing: Tailing) -> None:
    log.write_bytes(b"y" * 5000)
    assert tailing.read() == [b"y" * SMALL.line]
    tailing.crash()
    with log.open("ab") as file:
        file.write(b"yyy\nnext\n")
    assert tailing.read(2) == [b"next"]


def test_invalid_utf8_and_carriage_returns_are_passed_on(log: Path, tailing: Tailing) -> None:
    log.write_bytes(b"caf\xe9\r\n\xff\xfe\n\r\n")
    assert tailing.read() == [b"caf\xe9\r", b"\xff\xfe", b"\r"]


def test_stack_traces_are_joined(tmp_path: Path, log: Path) -> None:
    tailing = Tailing(Source("app", (str(log),), start="start", join=True))
    append(
        log, "ERROR failed", "Traceback (most recent call last):", '  File "x.py", line 1', "ValueError: bad"
    )
    append(log, "INFO next")
    assert tailing.read() == [
        b'ERROR failed\x1eTraceback (most recent call last):\x1e  File "x.py", line 1\x1eValueError: bad'
    ]
    assert tailing.read(2) == [b"INFO next"]
    tailing.tailer.close()


def test_after_a_rotation_it_is_unsettled_until_the_rotated_file_is_let_go(
    log: Path, tailing: Tailing
) -> None:
    append(log, *numbered(0, 10))
    tailing.read()
    assert tailing.tailer.settled
    log.rename(log.with_name("app.log.1"))
    append(log, *numbered(10, 20))
    tailing.read(2)
    assert not tailing.tailer.settled
    tailing.read(3, SMALL.linger)
    assert tailing.tailer.settled
    assert tailing.lines == texts(numbered(0, 20))


def test_as_long_as_more_of_a_record_may_come_it_is_unsettled(tmp_path: Path, log: Path) -> None:
    tailing = Tailing(Source("app", (f"{tmp_path}/*.log",), start="start", join=True))
    append(log, "Traceback (most recent call last):", '  File "a.py", line 1', "ValueError: bad")
    assert tailing.read() == []
    assert not tailing.tailer.settled
    assert len(tailing.read(2)) == 1
    assert tailing.tailer.settled
    tailing.tailer.close()


def test_start_at_the_end_skips_what_was_there_and_no_later_file(tmp_path: Path, log: Path) -> None:
    log.write_bytes(b"old\nhalf of ")
    tailing = Tailing(Source("app", (f"{tmp_path}/*.log",)))
    tailing.read()
    with log.open("ab") as file:
        file.write(b"a line\n")
    append(tmp_path / "later.log", "all of it")
    assert sorted(tailing.read()) == [b"all of it", b"half of a line"]
    tailing.crash()
    append(tmp_path / "while-down.log", "all of this too")
    assert tailing.read() == [b"all of this too"]
    tailing.tailer.close()


def test_start_an_hour_ago_finds_the_first_line_of_that_hour(log: Path) -> None:
    now = time.time()
    append(log, *(f"{now - 7200 + second:.0f} a line of that second" for second in range(7200)))
    source = Source("app", (str(log),), start=3600.0, time_of=lambda line: float(line.split()[0]))
    tailing = Tailing(source)
    tailing.wall = lambda: now
    lines = tailing.read()
    assert 3599 <= len(lines) <= 3601
    assert float(lines[0].split()[0]) >= now - 3601
    tailing.tailer.close()


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("ending", ["", *PACKERS])
@pytest.mark.parametrize("lines_an_hour", [360, 36_000])
def test_start_an_hour_ago_reads_what_was_rotated_away_in_that_hour(
    pattern: str, ending: str, lines_an_hour: int, log: Path
) -> None:
    now = float(int(time.time()))
    pause = 3600 / lines_an_hour
    stamps = [now - 2 * 3600 + pause * number for number in range(2 * lines_an_hour)]
    lines = [f"{stamp:.3f} a line of a model that answers requests" for stamp in stamps]
    parts = (0.25, 0.75, 0.9, 1.0)
    for number, (first, last) in enumerate(zip((0.0, *parts), parts, strict=False)):
        path = log.with_name(f"app.log.{3 - number}") if number < 3 else log
        some = slice(int(first * len(lines)), int(last * len(lines)))
        append(path, *lines[some])
        os.utime(path, (stamps[some][-1], stamps[some][-1]))
        if ending and number < 3:
            pack(path, ending)
    source = Source("app", (str(log.with_name(pattern)),), 3600.0, time_of=lambda line: float(line[:14]))
    tailing = Tailing(source)
    tailing.wall = lambda: now
    tailing.read(4)
    tailing.crash()
    append(log, f"{now:.3f} after a while")
    tailing.read(40)
    wanted = [line for line, stamp in zip(lines, stamps, strict=True) if stamp >= now - 3600]
    assert sorted(tailing.lines) == texts([*wanted, f"{now:.3f} after a while"])
    assert "rotations.unseen" not in tailing.counts()
    tailing.tailer.close()


def test_files_without_permission_are_said_once_then_counted() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        log = Path(folder) / "app.log"
        denied_then_allowed(log, Tailing(Source("app", (str(log),), start="start")))


def denied_then_allowed(log: Path, tailing: Tailing) -> None:
    append(log, *numbered(0, 3))
    log.chmod(0)
    with unprivileged():
        tailing.read(30)
        assert len(tailing.words) == 1
        assert "Permission denied" in tailing.words[0]
        assert tailing.counts()["unreadable.EACCES"] > 1
        assert list(tailing.tailer.refused) == [str(log)]
    log.chmod(0o644)
    assert tailing.read(15) == texts(numbered(0, 3))
    assert not tailing.tailer.refused
    tailing.tailer.close()


class unprivileged:  # noqa: N801 - reads as a phrase
    """As a user to whom permissions apply."""

    def __enter__(self) -> None:
        if os.getuid() == 0:
            os.seteuid(65534)

    def __exit__(self, *_: object) -> None:
        if os.getuid() == 0:
            os.seteuid(0)


def test_a_planted_symlink_is_refused_and_one_below_the_root_is_followed(tmp_path: Path) -> None:
    logs, secret = tmp_path / "logs", tmp_path / "secret"
    (logs / "real").mkdir(parents=True)
    append(secret, "do not read")
    append(logs / "real/today", "read")
    (logs / "planted.log").symlink_to(secret)
    (logs / "current.log").symlink_to("real/today")
    tailing = Tailing(Source("app", (f"{logs}/*.log",), start="start"))
    assert tailing.read(20) == [b"read"]
    assert len(tailing.words) == 1
    assert tailing.counts()["unreadable.link"] >= 1
    tailing.tailer.close()


def test_a_moved_symlink_leads_to_the_next_file(tmp_path: Path, tailing: Tailing) -> None:
    first, second = tmp_path / "model-1", tmp_path / "model-2"
    append(first, *numbered(0, 5))
    link = tmp_path / "current.log"
    link.symlink_to(first)
    tailing.read()
    append(first, *numbered(5, 8))
    append(second, *numbered(8, 12))
    link.unlink()
    link.symlink_to(second)
    tailing.read(4)
    assert tailing.lines == texts(numbered(0, 12))


@pytest.mark.parametrize("kind", ["fifo", "socket", "folder"])
def test_what_is_no_file_is_refused_and_never_waited_for(kind: str, log: Path, tailing: Tailing) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as unix:
        if kind == "fifo":
            os.mkfifo(log)
        elif kind == "socket":
            unix.bind(str(log))
        else:
            log.mkdir()
        assert tailing.read(3) == []
    assert tailing.counts().get("unreadable.kind", 0) >= (kind != "folder")


def test_folders_that_come_later(tmp_path: Path) -> None:
    tailing = Tailing(Source("app", (f"{tmp_path}/pods/*/**/*.log",)))
    assert tailing.read() == []
    folder = tmp_path / "pods/one/model"
    folder.mkdir(parents=True)
    append(folder / "0.log", "first")
    assert tailing.read() == [b"first"]
    tailing.tailer.close()


def test_a_thousand_files_keep_few_descriptors(tmp_path: Path) -> None:
    for number in range(1000):
        append(tmp_path / f"{number}.log", f"from {number}")
    tailing = Tailing(Source("app", (f"{tmp_path}/*.log",), start="start"))
    assert len(tailing.read()) == 1000
    before = len(os.listdir("/proc/self/fd"))
    for number in range(0, 1000, 100):
        append(tmp_path / f"{number}.log", f"again from {number}")
    assert len(tailing.read(12)) == 10
    assert len(os.listdir("/proc/self/fd")) <= before + SMALL.opened
    tailing.tailer.close()


def test_more_files_than_the_limit_are_counted_and_said_once(tmp_path: Path) -> None:
    for number in range(20):
        append(tmp_path / f"{number}.log", f"from {number}")
    tailing = Tailing(Source("app", (f"{tmp_path}/*.log",), start="start"), limits=SMALL._replace(files=8))
    assert len(tailing.read(3)) == 8
    assert tailing.words == ["app: 8 files are followed, at least 12 more are not"]
    tailing.tailer.close()


def test_a_backlog_is_streamed_within_the_budget(tmp_path: Path) -> None:
    """Ten times the budget: each take gives about what it may, and other files have their turn."""
    big, small = tmp_path / "big.log", tmp_path / "small.log"
    append(big, *numbered(0, 20_000))
    tailing = Tailing(Source("app", (f"{tmp_path}/*.log",), start="start"), limits=Limits())
    append(small, "here too")
    size = big.stat().st_size
    tailing.tailer.look()
    taken = list(tailing.tailer.take(size // 3, 10.0))
    assert sum(chunk.size for chunk in taken) <= size // 3 + Limits().block
    assert max(len(chunk.text) for chunk in taken) <= Limits().block
    assert any(chunk.text == b"here too\n" for chunk in taken)
    rest = [chunk for _ in range(8) for chunk in tailing.tailer.take(size // 4, 10.0)]
    assert sum(chunk.text.count(b"\n") for chunk in (*taken, *rest)) == 20_001
    tailing.tailer.close()


def test_a_take_ends_when_its_time_is_over(log: Path, tailing: Tailing) -> None:
    append(log, *numbered(0, 2000))
    tailing.tailer.look()
    chunks = []
    for chunk in tailing.tailer.take(1 << 30, 2.5):
        chunks.append(chunk)
        tailing.now += 1.0
    assert len(chunks) == 3


def test_docker_and_cri_lines_are_unwrapped(tmp_path: Path, tailing: Tailing) -> None:
    append(tmp_path / "a.log", '{"log":"hello\\n","stream":"stdout","time":"2026-11-26T10:00:00.5Z"}')
    append(tmp_path / "b.log", "2026-11-26T10:00:01.25+00:00 stderr F good bye")
    assert sorted(tailing.read()) == [b"good bye", b"hello"]
    assert [chunk.times for chunk in tailing.chunks] == [[1795687200.5], [1795687201.25]]


def test_a_piece_of_a_wrapped_line_waits_for_the_rest(log: Path, tailing: Tailing) -> None:
    append(log, "2026-11-26T10:00:00Z stdout F one", "2026-11-26T10:00:00Z stdout P tw")
    assert tailing.read() == [b"one"]
    tailing.crash()
    append(log, "2026-11-26T10:00:01Z stdout F o", "2026-11-26T10:00:01Z stdout F three")
    assert tailing.read() == [b"two", b"three"]


def test_a_position_that_is_damaged_is_said_and_the_file_read_anew(log: Path, tailing: Tailing) -> None:
    append(log, *numbered(0, 3))
    tailing.read()
    name = next(name for name in tailing.stored if name != "app/")
    tailing.stored[name] = b"\xff damaged"
    tailing.crash()
    assert tailing.read() == texts(numbered(0, 3))
    assert "no position of a log" in tailing.words[0]


def test_positions_are_small_and_only_what_changed_is_told(tmp_path: Path) -> None:
    for number in range(50):
        append(tmp_path / f"{number}.log", *numbered(0, 100))
    tailing = Tailing(Source("app", (f"{tmp_path}/*.log",), start="start"))
    tailing.read()
    assert len(tailing.stored) == 51
    assert max(map(len, tailing.stored.values())) < 256
    append(tmp_path / "7.log", "one more")
    tailing.look(15.0)
    assert len(tailing.tailer.positions()) == 2
    (tmp_path / "7.log").unlink()
    tailing.read(3)
    tailing.now += 4000
    tailing.read(3)
    assert len(tailing.stored) == 50
    tailing.tailer.close()


def test_a_copy_that_was_moved_before_the_cut_was_seen_is_not_new(log: Path, tmp_path: Path) -> None:
    """A pattern names the rotated files too, and the file that was cut was itself rotated away since."""
    tailing = Tailing(Source("app", (f"{tmp_path}/app.log*",), start="start"))
    lines = numbered(0, 60)
    append(log, *lines[:30])
    tailing.read()
    append(log, *lines[30:40])
    shutil.copy(log, log.with_name("app.log.2"))
    os.truncate(log, 0)
    append(log, *lines[40:50])
    log.rename(log.with_name("app.log.1"))
    append(log, *lines[50:])
    tailing.read(8)
    tailing.tailer.close()
    assert sorted(tailing.lines) == sorted(texts(lines))


def test_a_copy_shorter_than_what_was_seen_of_the_head_is_read(log: Path, tailing: Tailing) -> None:
    lines = numbered(0, 30)
    append(log, lines[0])
    tailing.tailer.look()
    append(log, *lines[1:12])
    copy = log.read_bytes()
    append(log, *lines[12:20])
    tailing.tailer.look()
    log.with_name("app.log.1").write_bytes(copy)
    os.truncate(log, 0)
    append(log, *lines[20:])
    tailing.read(8)
    assert sorted(tailing.lines) == sorted(texts([*lines[:12], *lines[20:]]))


def test_one_that_is_missed_for_a_moment_is_found_though_all_later_ones_are_open(
    log: Path, tmp_path: Path, tailing: Tailing
) -> None:
    append(log, *numbered(0, 10))
    tailing.read()
    append(log, *numbered(10, 20))
    generations = 3 * SMALL.opened
    for number in range(1, generations):
        log.rename(f"{log}.{number}")
        append(log, *numbered(10 + 10 * number, 20 + 10 * number))
        tailing.now += 1.0
        tailing.tailer.look()
    tailing.keep([])
    tailing.crash()
    (tmp_path / "elsewhere").mkdir()
    aside = Path(f"{log}.1").rename(tmp_path / "elsewhere/aside")
    tailing.now += 1.0
    tailing.tailer.look()
    aside.rename(f"{log}.1")
    tailing.read(3 * generations)
    assert tailing.lines == texts(numbered(0, 10 + 10 * generations))
