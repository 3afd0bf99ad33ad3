"""What a view keeps and shows: of the chosen device all, of the others a line; old records go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.ship.plain import parse_status, status_json
from agent.ship.records import RAW, Key
from agent.ship.wire import encode_message
from agent.stats.clocks import Clock, clock_event
from agent.stats.frame import Content
from agent.view.fleet import FleetStore
from agent.view.observer import Observer
from tests import modelled
from tests.captures import HEAT, NAME, OFFSET, TRIGGER, capture
from tests.messages import Sender, content, gauge, minute, series
from tests.pictures import HOT

NOW = 100_000.0
CPU = series("system.cpu.utilization", mode="user")


class Looker:
    """An observer over a store, and devices that send into it."""

    def __init__(self, store: FleetStore, pattern: str = "*") -> None:
        self.store = store
        self.now = NOW
        self.observer = Observer(store, "mqtt://x lab", pattern, lambda: self.now)
        self.senders: dict[str, Sender] = {}

    def send(self, device: str, age: float = 60.0, skip: int = 0) -> None:
        sender = self.senders.setdefault(device, Sender(device))
        sender.skip(skip)
        payload = encode_message(sender.message(minute(self.now - age, 0)))
        arrived = min(self.now, self.now - age + 60)
        self.observer.intake.take(f"outrider/v1/lab/{device}/data", payload, arrived)

    def names(self) -> list[str]:
        return [each.state.name for each in self.observer.scene("").devices]


@pytest.fixture
def store() -> Iterator[FleetStore]:
    made = FleetStore.open(None, "view")
    yield made
    made.close()


@pytest.fixture
def looker(store: FleetStore) -> Looker:
    return Looker(store)


def test_a_device_chosen_later_shows_what_came_before(looker: Looker) -> None:
    looker.send("gate-7", age=600.0)
    looker.observer.choose("gate-7", None)
    chosen = looker.observer.scene("").chosen
    assert chosen is not None
    assert {row.age for row in chosen.rows} == {540.0}
    looker.send("gate-7")
    chosen = looker.observer.scene("").chosen
    assert chosen is not None
    assert {row.age for row in chosen.rows} == {0.0}


def test_nothing_is_decoded_of_a_device_that_nobody_looks_at(looker: Looker) -> None:
    looker.send("gate-7")
    scene = looker.observer.scene("subscribed")
    assert (scene.chosen, scene.track, scene.link) == (None, None, "subscribed")


def test_a_series_chosen_has_its_windows_and_gaps(looker: Looker) -> None:
    for age in (600.0, 540.0, 120.0, 60.0):
        looker.send("gate-7", age)
    looker.observer.choose("gate-7", CPU)
    track = looker.observer.scene("").track
    assert track is not None
    assert len(track.held) == 4
    (gap,) = track.gaps
    assert (gap.end - gap.start, gap.reason) == (360.0, "its source was silent")


def test_a_device_has_its_fleet_and_its_alerts(looker: Looker) -> None:
    looker.send("gate-7")
    looker.observer.intake.alerts.fires(HOT._replace(device="gate-7"))
    (listed,) = looker.observer.scene("").devices
    assert (listed.fleet, [alert.rule for alert in listed.alerts]) == ("lab", ["too-hot"])


def test_reasons_and_labels_come_from_the_status(looker: Looker) -> None:
    labels = {"site": "hall 3", "tags": {"line": "4"}}
    said = parse_status(status_json("gate-7", (7, 1), "degraded", ["store: full"], NOW, labels))
    looker.store.status("gate-7", said, NOW)
    looker.observer.choose("gate-7", None)
    chosen = looker.observer.scene("").chosen
    assert chosen is not None
    assert (chosen.reasons, chosen.labels) == (("store: full",), ("site hall 3", "line=4"))


def test_a_budget_is_told_in_the_units_it_is_written_in(looker: Looker) -> None:
    account = {"limit": 200_000, "per": 86_400.0, "spent": 5_094, "left": 194_906, "grain": 16}
    labels = {"budget": account, "until": NOW + 7_680.0}
    said = parse_status(status_json("gate-7", (7, 1), "resting", [], NOW, labels))
    looker.store.status("gate-7", said, NOW)
    looker.observer.choose("gate-7", None)
    chosen = looker.observer.scene("").chosen
    assert chosen is not None
    budget, rests = chosen.labels
    assert budget == "budget: 5.09 KB of 200 KB in 1d, 16 windows as one"
    assert rests.startswith("back by ")
    assert len("  ".join(("", *chosen.labels))) < 80


def test_a_pattern_limits_the_devices(store: FleetStore) -> None:
    looker = Looker(store, "cam-*")
    for device in ("gate-7", "cam-1"):
        looker.send(device)
    assert looker.names() == ["cam-1"]


def test_what_was_sent_before_the_view_began_is_no_hole(looker: Looker) -> None:
    looker.send("gate-7", skip=100)
    looker.send("gate-7", skip=2)
    looker.now += 120
    assert looker.observer.scene("").devices[0].state.holes == 2


def test_records_of_more_than_an_hour_ago_go(looker: Looker) -> None:
    looker.send("gate-7", age=7200.0)
    looker.send("gate-7")
    looker.observer.scene("")
    assert len(list(looker.store.contents("gate-7", 0.0))) == 1


def test_a_notice_names_its_device(looker: Looker) -> None:
    looker.observer.notice("subscribed", "", "the header tells of the link")
    assert looker.observer.scene("").notice == ""
    looker.observer.notice("restored", "gate-7", "the device went back")
    assert looker.observer.scene("").notice == "gate-7: restored: the device went back"


def test_when_the_clock_of_a_boot_is_told_what_is_shown_is_dated_anew(looker: Looker) -> None:
    frame = minute(0.0, 0).frames[0]
    wrong = frame._replace(span=frame.span._replace(offset=-3600.0, quality="unsynchronised"))
    told = clock_event(Clock("boot-1", NOW - 3720.0, "synchronised"), 3700.0)
    looker.observer.choose("gate-7", CPU)
    sender = Sender("gate-7")
    for each in (Content((wrong,)), Content(events=(told,))):
        payload = encode_message(sender.message(each))
        looker.observer.intake.take("outrider/v1/lab/gate-7/data", payload, NOW)
    scene = looker.observer.scene("")
    assert scene.chosen is not None
    assert scene.track is not None
    assert {row.age for row in scene.chosen.rows} == {60.0}
    assert [(window.start, window.end) for window in scene.track.held] == [(NOW - 120.0, NOW - 60.0)]


def test_a_capture_is_shown_beside_the_windows_and_never_added_to_them(looker: Looker) -> None:
    looker.now = TRIGGER + OFFSET + 100.0
    sender = looker.senders.setdefault("gate-7", Sender("gate-7"))
    topic = "outrider/v1/lab/gate-7/data"
    window = content(looker.now - 120.0, {HEAT: gauge(20.0, 30.0)})
    looker.observer.intake.take(topic, encode_message(sender.message(window)), looker.now)
    looker.observer.choose("gate-7", HEAT)
    before = looker.observer.scene("")
    record = sender.message(capture())
    (part,) = record.parts
    record = record._replace(parts=(part._replace(key=part.key._replace(stream="samples")),))
    looker.observer.intake.take(topic, encode_message(record), looker.now)
    after = looker.observer.scene("")
    assert before.chosen is not None
    assert after.chosen is not None
    assert after.chosen.rows == before.chosen.rows
    assert after.devices == before.devices
    assert before.track is not None
    assert after.track is not None
    assert after.track.held == before.track.held
    (shot,) = after.track.captures
    assert (shot.captured.id, shot.about, len(shot.held)) == (NAME, HEAT, 181)
    # Another view finds it in the store.
    looker.observer.choose(None, None)
    looker.observer.choose("gate-7", HEAT)
    again = looker.observer.scene("")
    assert again.track is not None
    assert again.track.captures == (shot,)


def test_a_model_that_is_looked_at_is_joined_with_its_samples(looker: Looker) -> None:
    end = looker.now
    of = Key(7, RAW, 0, 0)
    for n, each in enumerate(modelled.minutes(end)):
        looker.observer.applied("gate-7", Key(7, "windows", n, n), each)
    looker.send("gate-7")
    looker.observer.choose("gate-7", None, "iris")
    looker.observer.applied("gate-7", of, Content(events=modelled.samples(end)))
    scene = looker.observer.scene("").chosen
    assert scene is not None
    assert scene.joined is None, "nothing of it was held before it was chosen"
    for n, each in enumerate(modelled.minutes(end)):
        looker.observer.applied("gate-7", Key(7, "windows", n, n), each)
    scene = looker.observer.scene("").chosen
    assert scene is not None
    assert scene.joined is not None
    assert (scene.joined.name, len(scene.joined.samples)) == ("iris", 2)
    assert scene.joined.quality.classes is not None
    looker.observer.choose("gate-7", None)
    scene = looker.observer.scene("").chosen
    assert scene is not None
    assert scene.joined is None
