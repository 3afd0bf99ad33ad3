"""The live view: keys move, filters hide, old records go, and only what changed is drawn."""

from __future__ import annotations

import io
import os
import pty
import termios
from collections.abc import Iterator

import pytest

from agent.view.fleet import FleetStore
from agent.view.live import ENTER, LEAVE, Canvas, LiveView, alternate_screen
from tests.messages import Sender, minute

NOW = 100_000.0


@pytest.fixture
def store() -> Iterator[FleetStore]:
    made = FleetStore.open(None, "view")
    yield made
    made.close()


class Looker:
    """A view over a store, and devices that send into it."""

    def __init__(self, store: FleetStore, pattern: str = "*") -> None:
        self.store = store
        self.view = LiveView(store, "mqtt://127.0.0.1:1883 lab", pattern, colour=False)
        self.senders: dict[str, Sender] = {}

    def send(self, device: str, age: float = 60.0, skip: int = 0) -> None:
        sender = self.senders.setdefault(device, Sender(device))
        sender.skip(skip)
        outcome = self.store.receive(sender.message(minute(NOW - age, 0)), min(NOW, NOW - age + 60))
        for key, content in outcome.applied:
            self.view.applied(device, key, content)

    def press(self, *keys: str) -> bool:
        return all(self.view.press(key, NOW) for key in keys)

    def picture(self, now: float = NOW, width: int = 100, height: int = 30) -> str:
        return "\n".join(self.view.draw(now, "subscribed", width, height))


@pytest.fixture
def looker(store: FleetStore) -> Looker:
    return Looker(store)


def test_the_first_device_is_chosen_and_its_series_are_shown(looker: Looker) -> None:
    looker.send("gate-7")
    assert "system.cpu.utilization" in looker.picture()


def test_a_record_that_comes_later_is_shown(looker: Looker) -> None:
    looker.send("gate-7", age=600.0)
    assert " 9m " in looker.picture()
    looker.send("gate-7")
    assert " 9m " not in looker.picture()


def test_keys_choose_a_device_and_q_ends(looker: Looker) -> None:
    for device in ("a", "b", "c"):
        looker.send(device)
    looker.picture()
    looker.press("j", "down")
    assert looker.view.screen(NOW, "").chosen == "c"
    looker.press("j")
    assert looker.view.screen(NOW, "").chosen == "c"
    looker.press("home")
    assert looker.view.screen(NOW, "").chosen == "a"
    assert not looker.press("q")


def test_a_filter_hides_series_until_escape(looker: Looker) -> None:
    looker.send("gate-7")
    looker.picture()
    looker.press("enter", "/", *"modelx", "erase", "enter")
    shown = looker.picture()
    assert "model.errors" in shown
    assert "system.cpu" not in shown
    looker.press("escape")
    assert "system.cpu" in looker.picture()


def test_q_is_a_letter_while_a_filter_is_typed(looker: Looker) -> None:
    looker.send("gate-7")
    assert looker.press("/", "q")
    assert looker.view.screen(NOW, "").filter == "q"


def test_a_device_filter_narrows_the_list(looker: Looker) -> None:
    for device in ("gate-7", "cam-1"):
        looker.send(device)
    looker.press("/", *"cam", "enter")
    assert [each.name for each in looker.view.screen(NOW, "").devices] == ["cam-1"]


def test_a_pattern_limits_the_devices_from_the_start(store: FleetStore) -> None:
    looker = Looker(store, "cam-*")
    for device in ("gate-7", "cam-1"):
        looker.send(device)
    assert looker.view.screen(NOW, "").chosen == "cam-1"


def test_scrolling_stops_at_the_end(looker: Looker) -> None:
    looker.send("gate-7")
    looker.picture(height=12)
    looker.press("enter", "end")
    bottom = looker.picture(height=12)
    looker.press("down")
    assert looker.picture(height=12) == bottom
    looker.press("up")
    assert looker.picture(height=12) != bottom


def test_what_was_sent_before_the_view_began_is_no_hole(looker: Looker) -> None:
    looker.send("gate-7", skip=100)
    looker.send("gate-7", skip=2)
    later = looker.view.screen(NOW + 120, "").devices[0]
    assert later.holes == 2


def test_records_of_more_than_an_hour_ago_go(looker: Looker) -> None:
    looker.send("gate-7", age=7200.0)
    looker.send("gate-7")
    looker.picture()
    assert len(list(looker.store.contents("gate-7", 0.0))) == 1
    assert "1h" not in looker.picture()


def test_a_notice_stands_at_the_foot(looker: Looker) -> None:
    looker.view.notice("restored", "gate-7", "the device went back")
    assert "gate-7: restored: the device went back" in looker.picture(width=130)


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
