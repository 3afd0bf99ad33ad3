from __future__ import annotations

import itertools
from pathlib import Path

from agent.config import Config
from agent.config.quantity import Rate
from agent.config.settings import Ship
from agent.config.settings import Store as Settings
from agent.doctor.bounds import examine, flash, governed, wire
from agent.flash import Flash
from agent.judge.thrift import KEPT, Counted, Thrift
from agent.ship.budget import Allowance
from agent.ship.purse import Purse
from agent.stats.frame import Content, Event
from agent.store.flush import Flush
from agent.store.sizing import Limits
from agent.store.store import Store
from collectors.host import Host

NOW = 1_700_000_000.0


def event(name: str, text: str = "", **attributes: str) -> Event:
    told = tuple((key.replace("__", "."), value) for key, value in attributes.items())
    return Event("boot", 1.0, NOW, name, told, text)


def state(spent: int, device: int = 0, a_day: float = 8e6) -> bytes:
    thrift = Thrift(a_day)
    thrift.look(0.0, Counted(0, 0))
    thrift.look(1.0, Counted(spent, device))
    found = thrift.state(NOW)
    assert found is not None
    return found


def test_a_limit_that_is_passed_is_a_warning_with_what_is_done() -> None:
    said = "cpu is at 20 % of a core, limits.cpu is 15 % of a core: intervals x2 of processes"
    (found,) = governed([event("agent.start"), event("governor.tightened", said, limit="cpu", step="1")])
    assert (found.check, found.level) == ("limits", "warning")
    assert found.text.endswith(said)
    assert "limits.cpu" in found.advice


def test_what_was_taken_back_or_of_an_earlier_life_is_none() -> None:
    tightened = event("governor.tightened", "much", limit="cpu", step="1")
    assert list(governed([tightened, event("governor.eased", "less", limit="cpu", step="0")])) == []
    assert list(governed([tightened, event("agent.start")])) == []
    eased = [tightened, event("governor.eased", "less", limit="cpu", step="1")]
    assert [each.text for each in governed(eased)] == ["the daemon does with less: less"]


def test_a_collector_that_is_switched_off_has_its_reason() -> None:
    why = "switched off: memory is past limits.memory"
    off = event("collector.governed", why, outrider__collector="processes")
    (found,) = governed([off])
    assert (found.check, found.level, found.text) == ("readings", "note", f"processes is {why}")
    assert list(governed([off, event("collector.ok", outrider__collector="processes")])) == []


def test_both_counts_stand_beside_the_budget() -> None:
    config = Config(store=Settings(write_budget=Rate(8_000_000, "day")))
    (found,) = flash(config, state(100_000, 2_000_000), Flash(Host(), Path("/dev/shm")), NOW)
    assert found.level == "ok"
    assert found.text == (
        "written in 24 hours: 0.1 MB by the daemon, all: it lies on tmpfs, which is no block device; "
        "store.write_budget is 8 MB/day"
    )
    (found,) = flash(config, state(900_000), Flash(Host(), Path("/dev/shm")), NOW)
    assert (found.level, found.text.rpartition(": ")[2]) == ("warning", "commits are delayed")


def test_the_links_budget_stands_beside_what_was_spent() -> None:
    metered = Config(ship=Ship(budget=Rate(200_000, "day")))
    purse = Purse(Allowance(200_000, 86_400.0), boot="boot")
    purse.advance(1.0)
    purse.spend(5_100)
    (found,) = wire(metered, purse.save(ended=True) or b"")
    assert (found.check, found.level) == ("budget", "ok")
    assert found.text == "spent on the wire in the last day: 5.1 KB, ship.budget is 200 KB/day"
    purse.choose(0)
    (found,) = wire(metered, purse.save(ended=True) or b"")
    assert found.text.endswith("; 64 windows are shipped as one")
    purse.spend(200_000)
    (found,) = wire(metered, purse.save(ended=True) or b"")
    assert (found.level, found.text.rpartition("; ")[2]) == (
        "warning",
        "nothing more goes until there is room",
    )
    (found,) = wire(metered, b"{}")
    assert found.level == "warning"
    assert list(wire(metered, b"")) == list(wire(Config(), b"{}")) == []


def test_it_is_read_from_the_store_of_the_daemon(tmp_path: Path) -> None:
    serial = itertools.count(1)
    store = Store.open(tmp_path, Limits(1 << 20), now=NOW, new_epoch=lambda: next(serial))
    said = (event("agent.start"), event("governor.tightened", "much", limit="memory", step="2"))
    store.flush(Flush(NOW, {"events": Content(events=said)}, kept={KEPT: state(100_000)}))
    store.close()
    config = Config(store=Settings(directory=str(tmp_path), write_budget=Rate(8_000_000, "day")))
    found = list(examine(config, Host(), NOW))
    assert [(each.check, each.level) for each in found] == [("limits", "warning"), ("flash", "ok")]


def test_without_a_store_nothing_is_said(tmp_path: Path) -> None:
    assert list(examine(Config(store=Settings(directory=str(tmp_path))), Host(), NOW)) == []
