"""What tailing costs: MB/s of lines handed over, CPU of following, of a look where nothing happens.

    python tests/benchmarks/bench_tail.py

The tail alone: nobody looks into the lines. CPU is that of one thread, by its own clock. Following is a
minute of looks, one a second, without the waiting between them.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from backports import zstd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from collectors.logs.tail.source import Limits, Source
from collectors.logs.tail.tailer import Tailer
from collectors.tally import Tally

LINE = (
    b'{"ts":"2026-11-23T05:25:00.123Z","level":"INFO","model":"resnet50","version":"3",'
    b'"request_id":"%024d","latency_ms":12.25,"status":"ok","confidence":0.805,'
    b'"features":{"brightness":0.57,"temp":22.5},"msg":"request done"}\n'
)
TRACE = b'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: bad\n'
LINES = 400_000
MEMORY = "/dev/shm"


class Clock:
    """Moves when it is told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(source: Source, clock: Callable[[], float], limits: Limits = Limits()) -> Tailer:  # noqa: B008 - frozen
    """A tailer that begins where the source says."""
    return Tailer([source], {}, clock=clock, wall=time.time, tally=Tally(), say=print, limits=limits)


def through(name: str, path: Path, source: Source, size: int, limits: Limits) -> None:
    """Print how fast all of a file comes."""
    tailer = opened(source, time.monotonic, limits)
    tailer.look()
    begun, got = time.thread_time(), 0
    while got < size:
        before = got
        for chunk in tailer.take(1 << 30, 5.0):
            got += len(chunk.text) if source.wrapper == "none" else chunk.size
        if got == before:
            break
    spent = time.thread_time() - begun
    tailer.positions()
    tailer.close()
    print(f"{name:44}{limits.block // 1024:8} KiB{got / spent / 1e6:12.0f}{LINES / spent:14,.0f}")


def backlog(folder: Path) -> None:
    """A whole log at once."""
    print(f"{'a backlog':44}{'block':>12}{'MB/s':>12}{'lines/s':>14}")
    path = folder / "app.log"
    data = b"".join(LINE % number for number in range(LINES))
    path.write_bytes(data)
    plain = Source("app", (str(path),), start="start", wrapper="none")
    for block in (64, 256, 1024):
        limits = Limits(line=32 * 1024, block=block * 1024)
        through("plain", path, plain, len(data), limits)
    through("joined, nothing to join", path, plain._replace(join=True), len(data), Limits())
    with_traces = b"".join(LINE % number + (TRACE if number % 100 == 0 else b"") for number in range(LINES))
    path.write_bytes(with_traces)
    through(
        "joined, 1 % with a stack trace",
        path,
        plain._replace(join=True),
        len(with_traces) - 3 * LINES // 100,
        Limits(),
    )
    stamp = b"2026-11-26T10:00:00.123456789Z stdout F "
    path.write_bytes(b"".join(stamp + LINE % number for number in range(LINES)))
    through("CRI", path, plain._replace(wrapper="cri"), path.stat().st_size, Limits())
    inside = (LINE % 0)[:-1].replace(b'"', b'\\"')
    wrapped = b'{"log":"%b\\n","stream":"stdout","time":"2026-11-26T10:00:00.123456789Z"}\n' % inside
    path.write_bytes(wrapped * LINES)
    through("Docker", path, plain._replace(wrapper="docker"), path.stat().st_size, Limits())
    path.unlink()


def archives(folder: Path) -> None:
    """The rest of a rotated log that was compressed."""
    data = b"".join(LINE % number for number in range(LINES))
    for ending, pack in ((".gz", gzip.compress), (".zst", zstd.compress)):
        log = folder / "app.log"
        log.write_bytes(data[: len(data) // 10])
        source = Source("app", (str(log),), start="start", wrapper="none")
        clock = Clock()
        first = opened(source, clock)
        first.look()
        list(first.take(1 << 30, 1e9))
        stored = {name: value for name, value in first.positions().items() if value is not None}
        first.close()
        log.with_name(f"app.log.1{ending}").write_bytes(pack(data))
        log.write_bytes(b"now\n")
        second = Tailer([source], stored, clock=clock, wall=time.time, tally=Tally(), say=print)
        begun, got = time.thread_time(), 0
        for _ in range(8):
            clock.now += 2
            second.look()
            got += sum(len(chunk.text) for chunk in second.take(1 << 30, 1e9))
        spent = time.thread_time() - begun
        second.close()
        print(f"{'nine tenths of a compressed log, ' + ending:44}{256:8} KiB{got / spent / 1e6:12.0f}")
        for path in folder.glob("app.log*"):
            path.unlink()


def following(folder: Path) -> None:
    """A minute at a rate, in looks a second apart."""
    print(f"\n{'following one file, a look a second':44}{'lines/s':>12}{'s a minute':>12}")
    for rate in (0, 10, 100, 1000, 10_000):
        path = folder / "app.log"
        path.write_bytes(b"")
        clock = Clock()
        tailer = opened(Source("app", (f"{folder}/*.log",), start="start"), clock)
        tailer.look()
        spent, lines = 0.0, 0
        for second in range(60):
            with path.open("ab") as file:
                file.write(b"".join(LINE % (second * rate + number) for number in range(rate)))
            clock.now += 1.0
            begun = time.thread_time()
            tailer.look()
            lines += sum(chunk.text.count(b"\n") for chunk in tailer.take(1 << 23, 1e9))
            spent += time.thread_time() - begun
        tailer.close()
        assert lines == 60 * rate
        print(f"{'':44}{rate:12}{spent:12.4f}")
        path.unlink()


def idle(folder: Path) -> None:
    """A look at many files in which nothing happens: at first, and after a while."""
    print(
        f"\n{'a look where nothing happens':44}{'files':>12}{'busy us':>12}{'idle us':>12}{'s a minute':>12}"
    )
    for count in (1, 100, 1000):
        for number in range(count):
            (folder / f"{number}.log").write_bytes(LINE % number)
        os.utime(folder, (1, 1))
        clock = Clock()
        tailer = opened(Source("app", (f"{folder}/*.log",), start="start"), clock)
        tailer.look()
        list(tailer.take(1 << 30, 1e9))

        def look(tailer: Tailer = tailer, clock: Clock = clock) -> float:
            clock.now += 1.0
            begun = time.thread_time()
            tailer.look()
            assert list(tailer.take(1 << 23, 1e9)) == []
            return (time.thread_time() - begun) * 1e6

        busy = median(look() for _ in range(5))
        clock.now += 1000.0
        calm = [look() for _ in range(60)]
        print(f"{'':44}{count:12}{busy:12.0f}{median(calm):12.0f}{sum(calm) / 1e6:12.4f}")
        tailer.close()


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        backlog(Path(folder))
        archives(Path(folder))
        following(Path(folder))
        idle(Path(folder))


if __name__ == "__main__":
    main()
