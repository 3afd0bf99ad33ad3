"""What came is checked before it is believed, and a refusal is counted by its reason and said once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship import limits
from agent.ship.alert import Alert, alert_json
from agent.ship.limits import compress
from agent.ship.plain import status_json
from agent.ship.wire import encode_message
from agent.view.alerts import MOST
from agent.view.fleet import FleetStore
from agent.view.intake import MESSAGE_LIMIT, Intake, parse_topic
from collectors.tally import Tally
from tests.messages import Sender, minute

DATA = "outrider/v1/lab/gate-7/data"
STATUS = "outrider/v1/lab/gate-7/status"
HOT = "outrider/v1/lab/gate-7/alert/hot"
ALERT = Alert("gate-7", "hot", "critical", "Too hot", "", "hw.temperature > 85", 50.0, 51.0, ())


def status(state: str, connection: int, device: str = "gate-7") -> bytes:
    return status_json(device, (7, connection), state, (), 60.0)


def alert(device: str = "gate-7", rule: str = "hot") -> bytes:
    return alert_json(ALERT._replace(device=device, rule=rule), (7, 1))


class Bench:
    """An intake over a store in memory, and everything it said."""

    def __init__(self, sink: str | None = "main") -> None:
        self.store = FleetStore.open(None, "main")
        self.tally = Tally()
        self.said: list[tuple[str, str, str]] = []
        self.held: list[str] = []
        self.alerted: list[tuple[str, bool]] = []
        self.intake = Intake(
            self.store,
            sink,
            self.tally,
            lambda *said: self.said.append(said),
            lambda device, *_: self.held.append(device),
            lambda alert, fires: self.alerted.append((alert.rule, fires)),
        )

    def refused(self) -> dict[str, float]:
        """Refusals by reason."""
        return {
            dict(each.attributes)["reason"]: each.value
            for each in self.tally.snapshot()
            if each.name == "outrider.sink.refused"
        }


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.store.close()


def test_a_message_is_stored_and_answered(bench: Bench) -> None:
    answer = bench.intake.take(DATA, encode_message(Sender("gate-7").message(minute(0.0, 0))), 60.0)
    assert answer is not None
    assert answer.topic == "outrider/v1/lab/gate-7/ack/main"
    assert answer.ack.held[0].have == ((0, 0),)
    assert bench.held == ["gate-7"]
    assert bench.refused() == {}


def test_a_repeat_is_answered_and_not_told_again(bench: Bench) -> None:
    payload = encode_message(Sender("gate-7").message(minute(0.0, 0)))
    first, second = (bench.intake.take(DATA, payload, 60.0) for _ in range(2))
    assert first == second
    assert bench.held == ["gate-7"]


def test_a_view_answers_nothing() -> None:
    bench = Bench(sink=None)
    assert bench.intake.take(DATA, encode_message(Sender("gate-7").message(minute(0.0, 0))), 60.0) is None
    assert bench.held == ["gate-7"]


def test_another_devices_name_is_refused(bench: Bench) -> None:
    payload = encode_message(Sender("gate-8").message(minute(0.0, 0)))
    assert bench.intake.take(DATA, payload, 60.0) is None
    assert bench.refused() == {"device": 1}
    assert "gate-8" in bench.said[0][2]
    assert bench.held == []


def test_a_message_that_is_too_large_is_not_even_decoded(bench: Bench) -> None:
    bench.intake.take(DATA, bytes(MESSAGE_LIMIT + 1), 60.0)
    assert bench.refused() == {"too_large": 1}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"\x00" * 100,
        b"\xc1",
        compress(b"", 3),
        compress(b"\xc1", 3),
        compress(b"\x91" * 5000, 3),
        b"\xff" * 999,
    ],
    ids=["empty", "json", "zeros", "reserved", "zstd of nothing", "zstd of reserved", "nested", "ones"],
)
def test_garbage_is_refused_with_a_reason(bench: Bench, payload: bytes) -> None:
    assert bench.intake.take(DATA, payload, 60.0) is None
    assert sum(bench.refused().values()) == 1
    assert bench.said[0][:2] == ("refused", "gate-7")


def test_a_bomb_is_refused_before_it_unfolds(bench: Bench) -> None:
    bomb = compress(bytes(64 << 20), 3)
    assert len(bomb) < MESSAGE_LIMIT
    assert bench.intake.take(DATA, bomb, 60.0) is None
    assert sum(bench.refused().values()) == 1


def test_a_refusal_is_said_once_for_each_device_and_reason(bench: Bench) -> None:
    for _ in range(5):
        bench.intake.take(DATA, b"garbage", 60.0)
    bench.intake.take(DATA.replace("gate-7", "gate-8"), b"garbage", 60.0)
    assert sum(bench.refused().values()) == 6
    assert [device for _, device, _ in bench.said] == ["gate-7", "gate-8"]


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "outrider/v1/lab/data",
        "outrider/v1/lab/a/b/data",
        "outrider/v1/lab/gate-7/alert",
        "outrider/v1/lab/gate-7/alert/",
        "outrider/v1/lab/gate-7/alert/hot/1",
        "outrider/v1/lab/gate-7/status/hot",
        "outrider/v2/lab/gate-7/data",
        "outrider/v1//gate-7/data",
        "outrider/v1/lab/gate\x1b[2J/data",
        "outrider/v1/lab/ga\u200bte/data",
        f"outrider/v1/lab/{'x' * 200}/data",
    ],
)
def test_a_topic_of_another_shape_is_refused(bench: Bench, topic: str) -> None:
    bench.intake.take(topic, b"", 60.0)
    assert bench.refused() == {"topic": 1}


def test_status_is_kept_and_an_older_session_is_only_counted(bench: Bench) -> None:
    for connection, state in ((2, "online"), (1, "offline")):
        bench.intake.take(STATUS, status(state, connection), 60.0)
    assert [device.state for device in bench.store.devices(61.0)] == ["online"]
    assert "outrider.sink.status.older" in {each.name for each in bench.tally.snapshot()}


def test_status_and_data_may_come_in_any_order(bench: Bench) -> None:
    sender = Sender("gate-7")
    bench.intake.take(STATUS, status("online", 1), 60.0)
    bench.intake.take(DATA, encode_message(sender.message(minute(0.0, 0))), 61.0)
    bench.intake.take(STATUS, status("offline", 1), 62.0)
    assert [device.state for device in bench.store.devices(63.0)] == ["offline"]


def test_a_cleared_status_is_no_fault(bench: Bench) -> None:
    bench.intake.take(STATUS, b"", 60.0)
    assert bench.refused() == {}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", "json"),
        (b"{}", "version"),
        (status("online", 1).replace(b"online", b"\\u001b[2J"), "range"),
        (status("online", 1, "gate-8"), "device"),
        (b" " * limits.STATUS + status("online", 1), "too_large"),
    ],
)
def test_a_malformed_status_is_refused(bench: Bench, payload: bytes, reason: str) -> None:
    bench.intake.take(STATUS, payload, 60.0)
    assert bench.refused() == {reason: 1}
    assert bench.store.devices(61.0) == []


def test_an_alert_is_there_while_it_fires(bench: Bench) -> None:
    bench.intake.take(HOT, alert(), 60.0)
    assert bench.intake.alerts.of("gate-7") == (ALERT,)
    bench.intake.take(HOT, b"", 61.0)
    assert bench.intake.alerts.every() == ()
    assert bench.alerted == [("hot", True), ("hot", False)]
    assert bench.refused() == {}


def test_an_alert_that_was_not_known_to_fire_is_over_without_a_word(bench: Bench) -> None:
    bench.intake.take(HOT, b"", 60.0)
    assert (bench.alerted, bench.refused()) == ([], {})


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", "json"),
        (alert(device="gate-8"), "device"),
        (alert(rule="cold"), "rule"),
        (b" " * limits.ALERT + alert(), "too_large"),
    ],
)
def test_a_malformed_alert_is_refused(bench: Bench, payload: bytes, reason: str) -> None:
    bench.intake.take(HOT, payload, 60.0)
    assert bench.refused() == {reason: 1}
    assert (bench.alerted, bench.intake.alerts.every()) == ([], ())


def test_a_device_has_only_so_many_alerts(bench: Bench) -> None:
    for n in range(MOST + 5):
        bench.intake.take(f"{HOT}{n}", alert(rule=f"hot{n}"), 60.0)
    assert len(bench.intake.alerts.every()) == MOST
    assert bench.refused() == {"alerts": 5}


@given(st.binary(max_size=200))
def test_any_bytes_are_an_alert_or_refused(payload: bytes) -> None:
    bench = Bench()
    for topic in (HOT, STATUS):
        bench.intake.take(topic, payload, 60.0)
    assert sum(bench.refused().values()) == (2 if payload else 0)
    bench.store.close()


@given(st.text(max_size=60))
def test_any_topic_is_parsed_or_refused(topic: str) -> None:
    parts = parse_topic(topic)
    assert parts is None or f"outrider/v1/{'/'.join(filter(None, parts))}" == topic
