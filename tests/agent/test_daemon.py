"""All parts wired: what each failing part costs the rest, and what the watchdog is told."""

from __future__ import annotations

import gc
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.config import Config
from agent.config.collected import Metrics
from agent.config.quantity import Rate
from agent.config.settings import MIB, Broker, Device, Ring, Runtime, Ship, Store, Window
from agent.daemon import RING, Daemon, _new_epoch
from agent.ship import protocol as shipped
from agent.ship.budget import Saved
from agent.ship.purse import LINK
from agent.stats.clocks import RIGHT, WRONG
from agent.stats.ring import Ring as RawRing
from agent.store.errors import StoreDenied
from agent.view.broker import free_port
from agent.view.fleet import FleetStore
from collectors.host import Host
from collectors.tally import Tally
from tests.agreement import arrived, disagreements
from tests.brokers import Secured
from tests.deadmount import dead_mount
from tests.histories import events, reading, windows, windows_pass
from tests.sinks import Sink
from tests.waiting import until

STOP_WITHIN = 5.0


class Rig:
    """A daemon in this process, with what it logged and counted."""

    def __init__(self, config: Config, host: Host) -> None:
        self.state = Path(config.store.directory)
        self.tally = Tally()
        self.lines: list[tuple[str, str]] = []
        self.daemon = Daemon(config, host, self.tally, lambda *line: self.lines.append(line))

    def start(self) -> Rig:
        self.daemon.start("started")
        return self

    def stop(self) -> float:
        """How many seconds it took."""
        began = time.monotonic()
        self.daemon.stop("told to stop")
        return time.monotonic() - began

    def names(self) -> list[str]:
        return [event.name for event in events(self.state)]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A window a second, and a broker's address at which nobody listens."""
    return Config(
        device=Device(name="dut"),
        broker=Broker(url=f"mqtt://127.0.0.1:{free_port()}", backoff_min=0.1, backoff_max=0.5),
        window=Window(1.0),
        store=Store(directory=str(tmp_path / "state"), max_size=MIB),
        ship=Ship(confirm="sink:main", digits=0),
        runtime=Runtime(str(tmp_path / "runtime")),
    )


@pytest.fixture
def rigs(config: Config) -> Iterator[Callable[..., Rig]]:
    """Makes daemons, not yet started; what they froze is thawed at the end."""
    made: list[Rig] = []

    def make(config: Config = config, host: Host | None = None) -> Rig:
        made.append(Rig(config, host or Host()))
        return made[-1]

    yield make
    gc.unfreeze()


def test_over_a_reload_what_was_spent_on_the_link_is_known_to_the_byte(
    config: Config, rigs: Callable[..., Rig]
) -> None:
    """Else a device on 200 KB a day had its bucket emptied by a reload, and an alert waited for the rest."""

    def spent(rig: Rig) -> Saved:
        return Saved.load(rig.daemon.spent()[LINK])

    rig = rigs(config._replace(ship=Ship(budget=Rate(10_000_000, "day")))).start()
    until(lambda: spent(rig).account.spent > 0)
    assert spent(rig).doubt > 0
    rig.stop()
    assert spent(rig).account.spent > 0
    assert spent(rig).doubt == 0


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[Host]:
    """A host of nothing but a boot id, whose /proc/meminfo is never answered."""
    boot = tmp_path / "host/proc/sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_text("7e1e3481-b947-4d20-ba1c-f71c32826e9e\n")
    with dead_mount(tmp_path / "dead") as dead:
        (tmp_path / "host/proc/meminfo").symlink_to(dead.file)
        yield Host(tmp_path / "host")


@pytest.fixture
def sink(tmp_path: Path, broker: Secured) -> Iterator[Sink]:
    sink = Sink(tmp_path, broker.url)
    yield sink
    sink.close()


def until_hung(rig: Rig) -> None:
    """Return when the memory collector is inside its call for good."""
    until(lambda: (busy := rig.daemon._runner.busy()) is not None and busy.name == "memory")


def test_it_collects_into_its_store_from_start_to_stop(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    windows_pass(rig.state, 2)
    assert rig.daemon.look()
    assert rig.stop() < STOP_WITHIN
    assert rig.names()[0] == "agent.start"
    assert rig.names()[-1] == "agent.stop"
    assert not any(level == "error" for level, _ in rig.lines)


def test_a_store_that_is_deleted_after_a_clean_stop_gets_nothing_of_the_ring_again(
    config: Config, rigs: Callable[..., Rig]
) -> None:
    long = config._replace(window=Window(3600.0), collect=config.collect._replace(interval=0.1))
    ring = Path(config.runtime.directory) / RING
    first = rigs(long).start()
    until(lambda: len(RawRing.view(ring).times) >= 10)
    first.stop()
    assert RawRing.view(ring).kept >= RawRing.view(ring).times[-1], "the last flush is noted"
    shutil.rmtree(first.state)
    second = rigs(long).start()
    until(lambda: len(RawRing.view(ring).times) >= 15)
    second.stop()
    assert "agent.recovered" not in second.names()
    assert "agent.stop" in second.names()


def test_a_device_without_a_name_takes_that_of_its_host(config: Config, rigs: Callable[..., Rig]) -> None:
    rig = rigs(config._replace(device=Device()))
    assert rig.daemon.name.startswith(os.uname().nodename[:20])


def test_while_records_wait_for_a_wrong_clock_the_status_says_so(
    config: Config, rigs: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = rigs(config._replace(ship=config.ship._replace(clock_wait=600.0)))
    posted: list[shipped.Event] = []
    rig.daemon._shipper.post = posted.append  # type: ignore[method-assign,assignment]
    quality = [WRONG]
    monkeypatch.setattr(rig.daemon._trust, "quality", lambda _wall: quality[0])
    rig.start()
    assert rig.daemon.look()
    assert shipped.Condition(("clock.unsynchronised",)) in posted
    quality[0] = RIGHT
    until(lambda: rig.daemon.look() and shipped.Condition(()) in posted)
    warned = [level for level, text in rig.lines if text.startswith("the wall clock is surely wrong: ")]
    assert warned == ["warning"]


@pytest.mark.fuse
def test_a_collector_that_hangs_does_not_delay_the_end(rigs: Callable[..., Rig], hanging: Host) -> None:
    rig = rigs(host=hanging).start()
    until_hung(rig)
    assert rig.stop() < STOP_WITHIN
    assert "agent.stop" in rig.names()


@pytest.mark.fuse
def test_a_collector_that_hangs_is_left_behind_and_the_status_says_so(
    config: Config, rigs: Callable[..., Rig], hanging: Host
) -> None:
    rig = rigs(config._replace(collect=config.collect._replace(hang_after=0.1, interval=0.1)), hanging)
    posted: list[shipped.Event] = []
    rig.daemon._shipper.post = posted.append  # type: ignore[method-assign,assignment]
    rig.start()
    until_hung(rig)
    until(lambda: rig.daemon.look() and any(isinstance(each, shipped.Condition) for each in posted))
    conditions = [each for each in posted if isinstance(each, shipped.Condition)]
    assert [reason.partition(": no answer")[0] for reason in conditions[0].degraded] == ["collector memory"]
    assert ("warning", "a collector does not answer; it is left behind and the others go on") in rig.lines
    windows_pass(rig.state, 1)
    rig.daemon.stop("told to stop")
    assert "collector.stale" in rig.names()


def test_a_poll_thread_that_stands_still_is_not_alive(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    assert rig.daemon.look()
    later = rig.daemon.clocks.boot() + 1000
    rig.daemon.clocks = rig.daemon.clocks._replace(boot=lambda: later)
    assert not rig.daemon.look()
    assert ("error", "the poll thread is dead or stuck") in rig.lines
    rig.stop()


def test_a_writer_stuck_in_one_write_is_not_alive(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    rig.daemon._writer._busy_since = rig.daemon.clocks.boot() - 1000
    assert not rig.daemon._writer.alive(rig.daemon.clocks.boot())
    assert [name for name, lives in rig.daemon._vital(rig.daemon.clocks.boot()) if not lives] == ["writer"]
    rig.stop()


def test_a_link_whose_thread_died_is_not_alive(rigs: Callable[..., Rig]) -> None:
    rig = rigs().start()
    rig.daemon._shipper.post(shipped.Stopping(0.0))
    assert rig.daemon._shipper.join(10.0)
    assert not rig.daemon.look()
    assert ("error", "the link thread is dead or stuck") in rig.lines
    rig.stop()


def test_a_store_that_cannot_be_opened_is_an_error_at_the_start(
    config: Config, tmp_path: Path, rigs: Callable[..., Rig]
) -> None:
    (tmp_path / "file").touch()
    rig = rigs(config._replace(store=config.store._replace(directory=str(tmp_path / "file/state"))))
    with pytest.raises(StoreDenied, match="file"):
        rig.start()


def test_without_a_place_for_the_ring_it_goes_on_and_says_so(
    config: Config, tmp_path: Path, rigs: Callable[..., Rig]
) -> None:
    (tmp_path / "file").touch()
    rig = rigs(config._replace(runtime=Runtime(str(tmp_path / "file/runtime")))).start()
    windows_pass(rig.state, 1)
    rig.stop()
    assert any("runtime.directory" in text and level == "error" for level, text in rig.lines)
    assert [value for name, _, _, value in rig.tally.snapshot() if name == "outrider.ring.failed"] == [1]


def test_the_ring_can_be_switched_off(config: Config, rigs: Callable[..., Rig]) -> None:
    rigs(config._replace(ring=Ring(enabled=False)))
    assert not Path(config.runtime.directory).exists()


def test_a_secret_that_vanished_stops_nothing_but_the_connection(
    config: Config, tmp_path: Path, rigs: Callable[..., Rig]
) -> None:
    broker = config.broker._replace(user="u", password_file=str(tmp_path / "gone"))
    rig = rigs(config._replace(broker=broker)).start()
    until(lambda: any(str(tmp_path / "gone") in text for _, text in rig.lines), lambda: rig.lines)
    windows_pass(rig.state, 1)
    assert rig.daemon.look()
    rig.stop()


def test_a_store_that_breaks_under_it_is_set_aside_and_it_ships_on(
    config: Config, broker: Secured, sink: Sink, rigs: Callable[..., Rig]
) -> None:
    sink.start().subscribed()
    rig = rigs(config._replace(broker=config.broker._replace(url=broker.url))).start()
    with closing(FleetStore.open(sink.store, "main")) as fleet:
        until(lambda: windows(rig.state) > 1 and arrived(rig.state, fleet, "dut"))
        break_store(rig)
        until(lambda: any("it is kept as outrider.db.corrupt-" in text for _, text in rig.lines))
        windows_pass(rig.state, 2)
        assert "store.set_aside" in rig.names()
        assert rig.daemon.look(), rig.lines
        rig.stop()
        until(lambda: arrived(rig.state, fleet, "dut"), lambda: rig.lines)
        assert disagreements(rig.state, fleet, "dut", restored=True) == []


def break_store(rig: Rig) -> None:
    """Overwrite the database, its log and what the writer has of it in memory."""
    store = rig.daemon._writer._store
    connection = store._connection
    real = store.flush

    def flush(what: object) -> object:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with store.path.open("r+b") as file:
            file.seek(1024)
            file.write(b"\xa5" * (store.path.stat().st_size - 1024))
        connection.execute("PRAGMA shrink_memory")
        return real(what)  # type: ignore[arg-type]

    store.flush = flush  # type: ignore[method-assign,assignment]


def test_epochs_are_48_bits_and_never_zero() -> None:
    found = {_new_epoch() for _ in range(100)}
    assert len(found) == 100
    assert all(0 < epoch < 1 << 48 for epoch in found)


def test_a_daemon_that_ended_leaves_no_descriptor_behind(rigs: Callable[..., Rig]) -> None:
    rigs().start().stop()
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        rigs().start().stop()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_site_and_tags_stand_in_the_event_of_the_start(rigs: Callable[..., Rig], config: Config) -> None:
    rig = rigs(config._replace(device=Device("dut", site="hall 3", tags={"rack": "7"}))).start()
    rig.stop()
    assert events(rig.state)[0].attributes == (("device.site", "hall 3"), ("device.tag.rack", "7"))


def test_what_is_left_out_is_counted_and_not_kept(rigs: Callable[..., Rig], config: Config) -> None:
    rig = rigs(config._replace(metrics=Metrics(("system.cpu.*", "outrider.*")))).start()
    windows_pass(rig.state, 2)
    rig.stop()
    with reading(rig.state) as reader:
        contents = [each.content() for each in reader.stored(streams=("windows",))]
    names = {series.name for content in contents for frame in content.frames for series in frame.windows}
    assert "system.cpu.utilization" in names
    assert {name.partition(".")[0] for name in names} == {"system", "outrider"}
    assert {name for name in names if name.startswith("system.")} <= {
        name for name in names if name.startswith("system.cpu.")
    }
    counted = {count.name: count.value for count in rig.tally.snapshot()}
    assert counted["outrider.series.excluded"] > 10
