from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.logs.tail.journal import JournalSource, message
from tests.tailing import Tailing
from tests.waiting import until

JOURNALD = "/usr/lib/systemd/systemd-journald"
SOCKET = "/run/systemd/journal.tail/socket"


def entry(number: int, text: object = None, **fields: object) -> str:
    text = f"line {number}" if text is None else text
    return json.dumps(
        {
            "__CURSOR": f"s=a;i={number}",
            "__REALTIME_TIMESTAMP": str(10**15 + number),
            "MESSAGE": text,
            **fields,
        }
    )


def script(folder: Path, body: str) -> tuple[str, ...]:
    """A program in place of journalctl; it notes its arguments beside itself."""
    path = folder / "journalctl.py"
    arguments = str(folder / "arguments")
    head = f"import sys, time, os\nopen({arguments!r}, 'a').write(repr(sys.argv[1:]) + chr(10))\n"
    path.write_text(head + body)
    return (sys.executable, str(path))


def source(command: tuple[str, ...], **rest: object) -> JournalSource:
    return JournalSource("model", ("model.service",), command=command, **rest)  # type: ignore[arg-type]


def printing(*lines: str) -> str:
    return "".join(f"print({line!r}, flush=True)\n" for line in lines) + "time.sleep(1000)\n"


@pytest.fixture
def opened() -> Iterator[Callable[..., Tailing]]:
    made: list[Tailing] = []

    def start(*sources: JournalSource) -> Tailing:
        made.append(Tailing(*sources))
        return made[-1]

    yield start
    for each in made:
        each.tailer.close()


def read_until(tailing: Tailing, count: int) -> list[bytes]:
    lines: list[bytes] = []

    def enough() -> bool:
        lines.extend(tailing.read())
        return len(lines) >= count

    until(enough, lambda: (lines, tailing.words, tailing.counts()))
    return lines


def test_entries_come_with_their_times_and_the_cursor_is_kept(
    tmp_path: Path, opened: Callable[..., Tailing]
) -> None:
    tailing = opened(source(script(tmp_path, printing(entry(1), entry(2, "two\nlines"))), start="start"))
    assert read_until(tailing, 2) == [b"line 1", b"two\x1elines"]
    assert [time for chunk in tailing.chunks for time in chunk.times or ()] == [1e9 + 1e-6, 1e9 + 2e-6]
    assert tailing.stored == {"model/journal": b"s=a;i=2"}
    tailing.crash()
    tailing.read()
    until(lambda: "--after-cursor=s=a;i=2" in (tmp_path / "arguments").read_text())
    assert "_SYSTEMD_UNIT=model.service" in (tmp_path / "arguments").read_text()


def test_where_it_began_is_known_before_there_is_an_entry(
    tmp_path: Path, opened: Callable[..., Tailing]
) -> None:
    tailing = opened(source(script(tmp_path, "time.sleep(1000)")))
    tailing.read()
    begun = tailing.stored["model/journal"]
    assert abs(float(begun[1:]) - time.time()) < 10
    told = tmp_path / "arguments"
    until(lambda: told.exists() and f"--since={begun.decode()}" in told.read_text())
    tailing.crash()
    tailing.read()
    until(lambda: told.read_text().count(f"--since={begun.decode()}") == 2)


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        (b"0123456789abcdef" * 2 + b"\n", True),
        (b"", False),
        (b"uninitialized\n", False),
        (b"\xff" * 32, False),
    ],
)
def test_of_journals_merged_only_this_machine_s_is_asked_for(
    identity: bytes,
    told: bool,
    tmp_path: Path,
    opened: Callable[..., Tailing],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("collectors.logs.tail.journal.MACHINE", tmp_path / "machine-id")
    (tmp_path / "machine-id").write_bytes(identity)
    tailing = opened(source(script(tmp_path, "time.sleep(1000)")))
    tailing.read()
    arguments = tmp_path / "arguments"
    until(lambda: arguments.exists() and "--merge" in arguments.read_text())
    assert ("_MACHINE_ID=" in arguments.read_text()) is told


def test_a_child_that_ends_is_begun_again_later_each_time_and_said_once(
    tmp_path: Path, opened: Callable[..., Tailing]
) -> None:
    tailing = opened(source(script(tmp_path, "sys.exit(3)")))

    def begun() -> int:
        return len((tmp_path / "arguments").read_text().splitlines())

    def ended(times: int) -> bool:
        tailing.look(0.0)
        return tailing.counts().get("unreadable.journal") == times

    until(lambda: ended(1))
    assert tailing.words == [f"model: {sys.executable} ended with 3"]
    tailing.look(0.9)
    assert begun() == 1
    tailing.look(0.2)
    until(lambda: ended(2))
    tailing.look(4.8)
    assert begun() == 2
    tailing.look(0.3)
    until(lambda: ended(3))
    assert len(tailing.words) == 1


def test_a_missing_program_is_said(opened: Callable[..., Tailing]) -> None:
    tailing = opened(source(("/nowhere/journalctl",)))
    assert tailing.read(3) == []
    assert tailing.words == ["model: /nowhere/journalctl: No such file or directory"]


def test_what_is_no_entry_is_counted_and_never_fatal(tmp_path: Path, opened: Callable[..., Tailing]) -> None:
    lines = ("garbage", "[" * 5000, '{"__CURSOR": 5}', "[]", entry(1, [-1]), entry(2, {}), entry(3, "good"))
    tailing = opened(source(script(tmp_path, printing(*lines)), start="start"))
    assert read_until(tailing, 1) == [b"good"]
    assert tailing.counts()["unwrapped"] == 6


@pytest.mark.parametrize("lie", ["9" * 400, "-5", 1e999, 10**300, None, [], "soon"])
def test_an_entry_that_lies_about_its_time_is_left_out(
    lie: object, tmp_path: Path, opened: Callable[..., Tailing]
) -> None:
    lines = (entry(1, __REALTIME_TIMESTAMP=lie), entry(2, "good"))
    tailing = opened(source(script(tmp_path, printing(*lines)), start="start"))
    assert read_until(tailing, 1) == [b"good"]
    assert tailing.counts()["unwrapped"] == 1


def test_a_huge_entry_is_left_out_and_the_next_read(tmp_path: Path, opened: Callable[..., Tailing]) -> None:
    body = f"print('x' * 3_000_000, flush=True)\n{printing(entry(1))}"
    tailing = opened(source(script(tmp_path, body), start="start"))
    assert read_until(tailing, 1) == [b"line 1"]
    assert tailing.counts()["cut"] >= 1


def test_the_child_is_held_back_where_nobody_takes(tmp_path: Path, opened: Callable[..., Tailing]) -> None:
    body = "n = 0\nwhile True:\n    n += 1\n    os.write(1, b'{}\\n' * 1000)\n"
    body += "    open('written', 'w').write(str(n))\n"
    command = script(tmp_path, f"os.chdir({str(tmp_path)!r})\n{body}")
    tailing = opened(source(command))
    tailing.tailer.look()
    until((tmp_path / "written").exists)
    time.sleep(0.3)
    assert int((tmp_path / "written").read_text() or 0) * 3000 <= 512 * 1024


def test_no_child_stays(tmp_path: Path, opened: Callable[..., Tailing]) -> None:
    tailing = opened(
        source(
            script(
                tmp_path, f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(1000)"
            )
        )
    )
    tailing.look()
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
    tailing.tailer.close()
    assert not Path("/proc", (tmp_path / "pid").read_text()).exists()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", b"text"),
        (None, None),
        ([104, 105, 255], b"hi\xff"),
        (["first", "second"], b"first"),
        ([], b""),
    ],
)
def test_messages(value: object, expected: bytes | None) -> None:
    assert message(value) == expected


class Journald:
    """A real journald in a mount namespace of its own, whose files lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log"
        # Before journald begins: where there is none, it writes below /run, and stays there.
        (self._log / "journal").mkdir(parents=True)
        self._boots = 0
        self._process = self._boot()
        until(lambda: any(self._log.glob("journal/*.tail/system.journal")))

    def _boot(self) -> subprocess.Popen[bytes]:
        """Begin it in a boot that is neither this machine's nor an earlier one of its own."""
        self._boots += 1
        commands = (
            'mount -t tmpfs tmpfs /run && mount --bind "$1" /var/log && mkdir -p /run/systemd/journal && '
            'echo "$2" > /run/boot && mount --bind /run/boot /proc/sys/kernel/random/boot_id && '
            f"exec {JOURNALD} tail"
        )
        boot = str(uuid.UUID(int=self._boots))
        return subprocess.Popen(["unshare", "-m", "sh", "-c", commands, "sh", str(self._log), boot])

    def reboot(self) -> None:
        """End it, and begin it in the next boot."""
        self.close()
        self._process = self._boot()

    @property
    def command(self) -> tuple[str, ...]:
        return ("journalctl", f"--directory={next(self._log.glob('journal/*.tail'))}")

    def write(self, *lines: str) -> None:
        """Entries by the native protocol, by a process inside, once somebody listens there."""
        body = (
            "import socket, sys\n"
            "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
            f"s.connect({SOCKET!r})\n"
            "for line in sys.argv[1:]:\n"
            "    s.send(('MESSAGE=' + line + '\\nSYSLOG_IDENTIFIER=model\\n').encode())\n"
        )
        inside = ["nsenter", "-m", "-t", str(self._process.pid)]
        command = [*inside, sys.executable, "-c", body, *lines]
        until(lambda: subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0)

    def has(self, text: str) -> bool:
        """Whether an entry has been kept: who wrote it does not wait for that."""
        return text in subprocess.check_output([*self.command, "--output=cat"], text=True).splitlines()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    made = Journald(tmp_path)
    yield made
    made.close()


@pytest.mark.nspawn
def test_a_real_journal_is_followed_across_crashes(
    journald: Journald, opened: Callable[..., Tailing]
) -> None:
    journald.write("before")
    until(lambda: journald.has("before"))
    matches = ("SYSLOG_IDENTIFIER=model",)
    tailing = opened(
        JournalSource("new", matches=matches, command=journald.command),
        JournalSource("all", matches=matches, command=journald.command, start="start"),
    )
    lines = tailing.read()
    time.sleep(0.01)
    journald.write(*(f"line {number}" for number in range(100)))
    lines += read_until(tailing, 201 - len(lines))
    tailing.crash()
    journald.write(*(f"line {number}" for number in range(100, 120)))
    lines += read_until(tailing, 40)
    assert lines.count(b"before") == 1
    assert sorted(lines) == sorted(
        [
            b"before",
            *(b"line %d" % number for number in range(120)),
            *(b"line %d" % number for number in range(120)),
        ]
    )


@pytest.mark.nspawn
def test_what_was_written_before_a_restart_is_read_after_it(
    journald: Journald, opened: Callable[..., Tailing]
) -> None:
    source = JournalSource("new", matches=("SYSLOG_IDENTIFIER=model",), command=journald.command)
    tailing = opened(source)
    tailing.read()
    journald.write("read")
    assert read_until(tailing, 1) == [b"read"]
    tailing.tailer.close()
    journald.write("unread")
    until(lambda: journald.has("unread"))
    journald.reboot()
    journald.write("after")
    tailing.crash()
    assert read_until(tailing, 2) == [b"unread", b"after"]
