from __future__ import annotations

import io
import os
import pty
import termios

import pytest

from agent.view.console import ENTER, LEAVE, Canvas, alternate_screen, pressed


def test_only_changed_lines_are_written() -> None:
    out = io.StringIO()
    canvas = Canvas(out)
    canvas.draw(lambda _w, _h: ["one", "two"])
    out.truncate(out.seek(0))
    canvas.draw(lambda _w, _h: ["one", "three"])
    assert out.getvalue() == "\x1b[2;1H\x1b[Kthree\x1b[0m"


def test_a_resize_draws_everything_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    canvas = Canvas(out)
    canvas.draw(lambda _w, _h: ["one"])
    out.truncate(out.seek(0))
    monkeypatch.setenv("COLUMNS", "133")
    canvas.draw(lambda _w, _h: ["one"])
    assert "\x1b[2J" in out.getvalue()
    assert "one" in out.getvalue()


def test_the_terminal_is_given_back_even_after_a_fault() -> None:
    controller, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    out = io.StringIO()

    def fail() -> None:
        with alternate_screen(out, terminal):
            assert termios.tcgetattr(terminal) != before
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert termios.tcgetattr(terminal) == before
    assert out.getvalue() == ENTER + LEAVE
    os.close(controller)
    os.close(terminal)


def test_keys_are_read_as_they_come_and_a_closed_keyboard_ends() -> None:
    read, write = os.pipe()
    assert pressed(read, 0.0) == []
    os.write(write, b"\x1b[Aj")
    assert pressed(read, 0.0) == ["up", "j"]
    os.close(write)
    assert pressed(read, 0.0) == ["q"]
    os.close(read)
    assert pressed(None, 0.0) == []
