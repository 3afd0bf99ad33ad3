from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.collected import Collect, Polling
from agent.config.fault import Place
from agent.config.relations import check
from agent.config.retention import Portion, Retention, Samples, Windows
from agent.config.settings import Alert, Broker, Config, Observed, Ship, Store, Window
from agent.config.tables import Tier
from collectors.options import Process, Processes

HERE = Place("a.toml", 1)


def broken(config: Config, given: tuple[str, ...] = (), doubtful: tuple[str, ...] = ()) -> list[str]:
    origins = dict.fromkeys(given, HERE)
    return [fault.key for fault in check(config, origins, None, frozenset(doubtful))]


def test_defaults_agree_with_each_other() -> None:
    assert broken(Config()) == []


def test_the_longest_poll_is_a_window() -> None:
    config = Config(collect=Collect(interval=2.0), window=Window(span=1.0))
    assert broken(config, ("collect.interval",)) == ["collect.interval"]
    assert broken(config, ("window.span",)) == ["window.span"]
    assert broken(config, ("window.span",), doubtful=("collect.interval",)) == []
    assert broken(Config(collect=Collect(interval=60.0))) == []


def test_default_tiers_beyond_a_short_max_age_harm_nobody() -> None:
    short = Retention(windows=Windows(max_age=86400.0))
    key = "retention.windows.max_age"
    assert broken(Config(retention=short), (key,)) == []
    config = Config(store=Store(tiers=(Tier(8, 86400.0),)), retention=short)
    assert broken(config, (key, "store.tiers")) == ["store.tiers"]


def test_no_stream_gets_more_bytes_than_the_store_has() -> None:
    config = Config(retention=Retention(samples=Samples(max_size=Portion(size=32 * 1024 * 1024))))
    assert broken(config) == ["retention.samples.max_size"]
    assert broken(config._replace(store=Store(max_size=64 * 1024 * 1024))) == []


def test_no_sink_confirms_json() -> None:
    assert broken(Config(ship=Ship(payload="json", confirm="sink:a"))) == ["ship.confirm"]
    assert broken(Config(ship=Ship(payload="json"))) == []


def test_backoff_grows() -> None:
    assert broken(Config(broker=Broker(backoff_min=9.0, backoff_max=8.0))) == ["broker.backoff_min"]


@pytest.mark.parametrize("name", ["ca_file", "certificate_file", "key_file"])
def test_tls_files_need_tls(tmp_path: Path, name: str) -> None:
    file = tmp_path / "file.pem"
    file.write_text("pem")
    file.chmod(0o600)
    path = str(file)
    broker = Broker(ca_file=path) if name == "ca_file" else Broker(certificate_file=path, key_file=path)
    tls = Config(broker=broker._replace(url="mqtts://b"))
    assert broken(tls) == []
    plain = tls._replace(broker=tls.broker._replace(url="mqtt://b"))
    assert f"broker.{name}" in broken(plain)


def test_secrets_readable_by_all_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2")
    file.chmod(0o644)
    config = Config(broker=Broker(user="me", password_file=str(file)))
    (fault,) = check(config, {"broker.password_file": HERE}, None, frozenset())
    assert str(fault).startswith("a.toml:1: broker.password_file: ")
    assert "mode 0644" in fault.reason
    file.chmod(0o600)
    assert broken(config) == []


def test_credentials_are_checked_only_where_systemd_gives_them(tmp_path: Path) -> None:
    config = Config(broker=Broker(user="me", password_file="credential:mqtt"))
    assert broken(config) == []
    (fault,) = check(config, {}, str(tmp_path), frozenset())
    assert "No such file" in fault.reason


def test_another_hosts_mounts_need_its_root() -> None:
    config = Config(host=Observed(proc="/host/proc"))
    assert broken(config, ("host.proc",)) == ["host.proc"]
    assert broken(config._replace(host=Observed("/host", proc="/host/proc"))) == []
    assert broken(config._replace(collectors={"filesystem": Polling(enabled=False)})) == []


def test_a_clear_level_goes_with_its_rule() -> None:
    right, wrong = Alert("a", "m > 85 Cel", "80"), Alert("b", "m > 85 Cel", "90")
    assert broken(Config(alert=(right, wrong))) == ["alert[2].clear"]
    assert broken(Config(alert=(right, wrong)), doubtful=("alert[2].when",)) == []


def test_a_watch_picks_in_one_way_at_least() -> None:
    watch = (Process("a", match="x*"), Process("b"), Process("c", pid_file="/run/c.pid"))
    config = Config(collectors={"processes": Polling(options=Processes(watch))})
    assert broken(config) == ["collectors.processes.watch[2].name"]
    assert broken(config, doubtful=("collectors.processes.watch[2].match",)) == []
