"""Who may ask, and that nothing that comes is believed or waited for."""

from __future__ import annotations

import json
import os
import select
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.control_socket import CALLERS, NAME, Asked, ControlSocket, Request, ask
from tests.waiting import until


class Desk:
    """A listening socket, the requests that came, and whoever answers them."""

    def __init__(self, directory: Path) -> None:
        self.came: list[Asked] = []
        self.answers: list[dict[str, object]] = []
        self.socket = ControlSocket(directory, self._take)

    def _take(self, asked: Asked) -> None:
        self.came.append(asked)
        for each in self.answers:
            asked.answer(each)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.socket.close()


@contextmanager
def caller(directory: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.settimeout(5.0)
        line.connect(str(directory / NAME))
        yield line


def say(desk: Desk, directory: Path, packet: bytes) -> dict[str, Any]:
    """What comes back for a packet, which is none that is taken."""
    with caller(directory) as line:
        line.send(packet)
        desk.socket.hear()
        found: dict[str, Any] = json.loads(line.recv(2048))
        return found


def test_only_the_user_of_the_daemon_may_open_it(desk: Desk, tmp_path: Path) -> None:
    mode = (tmp_path / NAME).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert desk.socket.fileno() >= 0


def heard(desk: Desk) -> Callable[[], None]:
    def came() -> bool:
        desk.socket.hear()
        return bool(desk.came)

    def listen() -> None:
        until(came)

    return listen


def test_a_request_comes_whole_and_all_answers_go_back(desk: Desk, tmp_path: Path) -> None:
    desk.answers = [{"state": "begun", "seconds": 0.5}, {"state": "captured", "ticks": "3"}]
    listening = threading.Thread(target=heard(desk))
    listening.start()
    found = []
    for answer in ask(tmp_path, {"ask": "record", "before": 10, "note": "why"}, 5.0):
        found.append(answer)
        if answer["state"] == "captured":
            break
    listening.join()
    assert found == desk.answers
    assert [each.request for each in desk.came] == [Request(10.0, None, "why")]


@pytest.mark.parametrize("seconds", [1e300, -5, float("nan"), int("9" * 400), "1", None, True])
def test_a_daemon_that_speaks_of_absurd_times_does_not_break_who_asks(
    desk: Desk, tmp_path: Path, seconds: object
) -> None:
    desk.answers = [{"state": "begun", "seconds": seconds}, {"state": "captured"}]
    listening = threading.Thread(target=heard(desk))
    listening.start()
    found = []
    for answer in ask(tmp_path, {"ask": "record"}, 5.0):
        found.append(answer["state"])
        if answer["state"] == "captured":
            break
    listening.join()
    assert found == ["begun", "captured"]


@pytest.mark.parametrize(
    "packet",
    [
        b"{", b"[]", b"null", b'{"ask":"stop"}', b"[" * 2000, b"\xff\xfe",
        b'{"ask":"record","before":-1}', b'{"ask":"record","after":1e9}', b'{"ask":"record","before":"1"}',
        b'{"ask":"record","after":true}', b'{"ask":"record","before":NaN}',
        b'{"ask":"record","before":' + b"9" * 400 + b"}", b'{"ask":"record","before":1e999}',
        b'{"ask":"record","note":7}',
        b'{"ask":"record","note":"a\\nb"}', b'{"ask":"record","note":"' + b"x" * 300 + b'"}',
        b'{"ask":"record"' + b" " * 5000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(desk: Desk, tmp_path: Path, packet: bytes) -> None:
    assert say(desk, tmp_path, packet) == {"state": "refused", "reason": "malformed"}
    assert desk.came == []


def test_a_caller_that_says_nothing_is_not_waited_for(desk: Desk, tmp_path: Path) -> None:
    with caller(tmp_path) as line:
        began = time.monotonic()
        desk.socket.hear()
        assert time.monotonic() - began < 2.0
        assert json.loads(line.recv(2048))["reason"] == "malformed"


def test_callers_are_bounded_and_their_places_come_back(desk: Desk, tmp_path: Path) -> None:
    lines = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(CALLERS)]
    for line in lines:
        line.connect(str(tmp_path / NAME))
        line.send(b'{"ask":"record"}')
        desk.socket.hear()
    assert len(desk.came) == CALLERS
    assert say(desk, tmp_path, b'{"ask":"record"}') == {"state": "refused", "reason": "callers"}
    for line in lines:
        line.close()
    desk.came[0].answer({"state": "captured"})
    with caller(tmp_path) as line:
        line.send(b'{"ask":"record"}')
        desk.socket.hear()
        assert len(desk.came) == CALLERS + 1


def test_nobody_calls_and_nothing_happens(desk: Desk) -> None:
    desk.socket.hear()
    assert desk.came == []


def test_another_user_is_refused_by_the_word_of_the_kernel(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr("agent.control_socket.ROOT", 4712)
    assert say(desk, tmp_path, b'{"ask":"record"}') == {"state": "refused", "reason": "denied"}
    assert desk.came == []


def test_a_daemon_that_ended_leaves_nobody_to_ask(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(ask(tmp_path, {}, 1.0))
    Desk(tmp_path).socket.close()
    with pytest.raises(FileNotFoundError):
        next(ask(tmp_path, {}, 1.0))


def test_the_socket_of_a_daemon_that_was_killed_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    killed = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    killed.bind(str(tmp_path / NAME))
    killed.close()
    with pytest.raises(ConnectionRefusedError):
        next(ask(tmp_path, {}, 1.0))
    Desk(tmp_path).socket.close()
    (tmp_path / NAME).write_text("a file of somebody")
    with pytest.raises(OSError, match="in use"):
        Desk(tmp_path)
    assert (tmp_path / NAME).read_text() == "a file of somebody"


def test_a_directory_with_a_long_name_is_no_hindrance(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 40)
    directory.mkdir()
    desk = Desk(directory)
    desk.answers = [{"state": "refused", "reason": "no_ring"}]
    listening = threading.Thread(target=heard(desk))
    listening.start()
    assert next(ask(directory, {"ask": "record"}, 5.0)) == desk.answers[0]
    listening.join()
    desk.socket.close()


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        desk = Desk(tmp_path)
        say(desk, tmp_path, b"{")
        desk.socket.close()
        with pytest.raises(FileNotFoundError):
            next(ask(tmp_path, {}, 1.0))
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("heard", [False, True], ids=["before it speaks", "after"])
def test_who_is_turned_away_unheard_still_hears_why(tmp_path: Path, heard: bool) -> None:
    """The daemon may hang up on a stranger before the request is there, or while it lies unread."""
    refused = {"state": "refused", "reason": "denied"}

    def turn_away() -> None:
        line, _ = daemon.accept()
        with line:
            if heard:
                select.select([line], [], [], 5.0)
            line.send(json.dumps(refused).encode())

    class Slow(dict[str, object]):
        def items(self) -> Any:
            """Called once the line is there, and nothing has been said."""
            thread.start()
            if not heard:
                thread.join()
            return super().items()

    thread = threading.Thread(target=turn_away)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as daemon:
        daemon.bind(str(tmp_path / NAME))
        daemon.listen()
        assert list(ask(tmp_path, Slow(ask="record"), 5.0)) == [refused]
        thread.join()
