"""Each case folder holds a file and every fault that loading it must tell, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.config.fault import Faults, Place
from agent.config.load import load, load_with_origins
from agent.config.quantity import parse_duration, show_duration
from agent.config.secret import read_secret
from collectors.catalog import NAMES
from collectors.options import Process

CASES = Path(__file__).parents[2] / "cases/config"
ENVIRONMENT = {"EMPTY": "", "SECRET": "hunter2 \a", "RACK": "7", "URL": "mqtt://me:hunter2@b", "MANY": "12"}


def faults_of(file: Path, environment: Mapping[str, str] = ENVIRONMENT) -> str:
    with pytest.raises(Faults) as raised:
        load([file], environment=environment)
    return str(raised.value).replace(str(file), file.name)


def written(folder: Path, text: str, name: str = "outrider.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.name != "right"))
def test_every_fault_is_told_with_its_line(case: str) -> None:
    expected = (CASES / case / "expected.txt").read_text().replace("COLLECTORS", ", ".join(NAMES))
    assert faults_of(CASES / case / "outrider.toml") == expected.rstrip("\n")


def test_a_right_file_sets_what_it_says() -> None:
    config = load([CASES / "right/outrider.toml"])
    assert config.device[:3] == ("line-3", "plant", "Halle 3, Süd")
    assert config.address == ("::1", 8884, True)
    assert config.broker.keepalive == 30.0
    assert config.store.tiers == ((2, 3600.0),)
    assert config.ship.digits == 0
    assert config.polling("cpu") == (True, 0.5, None)
    assert config.polling("paging").enabled is False


def test_no_fault_repeats_a_secret() -> None:
    assert "hunter2" not in faults_of(CASES / "secrets_in_the_file/outrider.toml")
    assert "hunter2" not in faults_of(CASES / "variables/outrider.toml")
    assert "not to be printed" not in faults_of(CASES / "unknown_keys/outrider.toml")


def test_a_later_file_wins_and_flags_win_over_both(tmp_path: Path) -> None:
    first = written(tmp_path, '[window]\nspan = "10s"\n[broker]\nuser = "a"\nin_flight = 2\n', "1.toml")
    second = written(tmp_path, '[broker]\nuser = "b"\nin_flight = 3\n', "2.toml")
    config, origins, _ = load_with_origins([first, second], {"broker.in_flight": 5})
    assert (config.window.span, config.broker.user, config.broker.in_flight) == (10.0, "b", 5)
    assert origins["window.span"] == Place(str(first), 2)
    assert origins["broker.user"] == Place(str(second), 2)
    assert str(origins["broker.in_flight"]) == "command line"
    assert "ring.keep" not in origins


def test_flags_are_checked_like_the_file(tmp_path: Path) -> None:
    with pytest.raises(Faults) as raised:
        load([], {"window.span": "1d", "device.name": "a/b", "broker.url": "mqtt://me:hunter2@b"})
    told = str(raised.value).splitlines()
    assert told[0].startswith('command line: device.name: "a/b" cannot stand in a topic, allowed: ')
    assert told[1].startswith("command line: broker.url: holds a login")
    assert told[2] == 'command line: window.span: "1d" is too large, allowed: 1s to 1h'
    assert "hunter2" not in told[1]


def test_faults_of_several_files_come_together(tmp_path: Path) -> None:
    bad = written(tmp_path, "nonsense = 1\n")
    with pytest.raises(Faults) as raised:
        load([tmp_path / "absent.toml", bad], {"window.span": "no"})
    assert [fault.place for fault in raised.value.faults] == [
        Place(str(tmp_path / "absent.toml")),
        Place(str(bad), 1),
        Place("command line"),
    ]


def test_settings_of_one_collector_may_come_from_two_files(tmp_path: Path) -> None:
    first = written(tmp_path, "collectors.cpu.enabled = false\n", "1.toml")
    second = written(tmp_path, '[collectors.cpu]\ninterval = "5s"\n', "2.toml")
    assert load([first, second]).polling("cpu") == (False, 5.0, None)


def test_a_table_of_tiers_is_replaced_as_a_whole(tmp_path: Path) -> None:
    assert load([written(tmp_path, "[store.tiers]\n")]).store.tiers == ()


def test_an_unknown_key_that_belongs_elsewhere_is_sent_there(tmp_path: Path) -> None:
    told = faults_of(written(tmp_path, '[ship]\nack_timeout = "5s"\n'))
    assert told.endswith('did you mean "broker.ack_timeout"?')


def test_the_options_of_a_collector_stand_in_its_table(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "[collectors.filesystem]\nremote = true\n"
        '[collectors.containers]\nunits = ["ollama*"]\n'
        '[[collectors.processes.watch]]\nname = "a"\nmatch = "a*"\n'
        '[[collectors.processes.watch]]\nname = "b"\nunit = "b.service"\n',
    )
    config = load([file])
    assert config.polling("filesystem").options == (True,)
    assert config.polling("filesystem").interval == 30.0
    assert config.polling("containers").options.units == ("ollama*",)
    assert config.polling("processes").options.watch == (Process("a", "a*"), Process("b", unit="b.service"))


def test_arrays_of_tables_go_on_where_the_file_before_ended(tmp_path: Path) -> None:
    alert = '[[alert]]\nname = "{0}"\nwhen = "m > 1"\n'
    first = written(tmp_path, alert.format("a"), "1.toml")
    second = written(tmp_path, "\n" + alert.format("b") + 'severity = "info"\n', "2.toml")
    config, origins, _ = load_with_origins([first, second])
    assert [(one.name, one.severity) for one in config.alert] == [("a", "warning"), ("b", "info")]
    assert origins["alert[2].severity"] == Place(str(second), 5)
    again = written(tmp_path, alert.format("a"), "3.toml")
    with pytest.raises(Faults) as raised:
        load([first, second, again])
    (fault,) = raised.value.faults
    assert (fault.place, fault.key, fault.reason) == (
        Place(str(again), 2),
        "alert[3].name",
        "is that of alert[1] too",
    )


def test_there_are_only_so_many_tables(tmp_path: Path) -> None:
    alerts = [f'[[alert]]\nname = "{at}"\nwhen = "m > 1"\n' for at in range(65)]
    assert len(load([written(tmp_path, "".join(alerts[:64]))]).alert) == 64
    told = faults_of(written(tmp_path, "".join(alerts)))
    assert told.startswith("outrider.toml:193: alert[65]: is one too many, allowed: at most 64 tables")


def test_tags_merge_across_files_up_to_sixteen(tmp_path: Path) -> None:
    first = written(tmp_path, '[device.tags]\nrack = "1"\nhall = "a"\n', "1.toml")
    second = written(tmp_path, '[device]\ntags.rack = "${RACK}"\n', "2.toml")
    assert dict(load([first, second], environment=ENVIRONMENT).device.tags) == {"rack": "7", "hall": "a"}
    many = "[device.tags]\n" + "".join(f'k{at} = "v"\n' for at in range(17))
    assert "device.tags.k16: is one too many" in faults_of(written(tmp_path, many))


def test_a_variable_stands_for_a_value_of_any_form(tmp_path: Path) -> None:
    text = (
        '[broker]\nin_flight = "${MANY}"\nkeepalive = "${EMPTY:-5m}"\n'
        '[ring]\nenabled = "${NO_RING:-false}"\n[store.tiers]\n8 = "${AGE:-2h}"\n'
        '[metrics]\nexclude = ["linux.${WHAT:-*}", "a$$b"]\n'
    )
    config = load([written(tmp_path, text)], environment=ENVIRONMENT)
    assert (config.broker.in_flight, config.broker.keepalive, config.ring.enabled) == (12, 300.0, False)
    assert config.store.tiers == ((8, 7200.0),)
    assert config.metrics.exclude == ("linux.*", "a$b")
    assert {type(each) for each in config.metrics.exclude} == {str}


def test_no_fault_repeats_what_a_variable_holds(tmp_path: Path) -> None:
    text = (
        '[broker]\nurl = "mqtts://b"\nuser = "u"\nca_file = "/none/${SECRET}/ca"\n'
        'password_file = "/none/${SECRET}/p"\nbackoff_min = "${MIN}"\nbackoff_max = "${MAX}"\n'
        '[retention.windows]\nmax_age = "${AGE}"\n[store]\ntiers = { 8 = "${OLD}" }\n'
        '[[alert]]\nname = "a"\nwhen = "m > 85"\nclear = "${LEVEL}"\n'
        '[collect]\ninterval = "${EVERY}"\n[window]\nspan = "${SPAN}"\n'
    )
    said = {"SECRET": "hunter2", "MIN": "111s", "MAX": "99s", "AGE": "113h", "OLD": "114h", "LEVEL": "115"}
    said |= {"EVERY": "117s", "SPAN": "116s"}
    with pytest.raises(Faults) as raised:
        load([written(tmp_path, text)], environment=said)
    told = str(raised.value)
    spans = [show_duration(parse_duration(value)) for value in said.values() if value[-1] in "sh"]
    assert [value for value in (*said.values(), *spans) if value in told] == []
    for part in (
        'broker.ca_file: "/none/${SECRET}/ca" is missing',
        'broker.password_file: "/none/${SECRET}/p" cannot be read: No such file',
        'broker.backoff_min: "${MIN}" is above broker.backoff_max, allowed: at most "${MAX}"',
        'the age "${OLD}" of 8 windows is never reached',
        'ages below retention.windows.max_age, "${AGE}"',
        "alert[1].clear: does not go with `when`, allowed",
        'collect.interval, "${EVERY}", is longer than a window of "${SPAN}"',
    ):
        assert part in told


def test_flags_are_taken_as_they_are() -> None:
    assert load([], {"store.directory": "/a/${B}$$"}).store.directory == "/a/${B}$$"


def test_no_file_that_holds_a_secret_is_looked_into(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("pa${NOT_SET}$$word\n")
    secret.chmod(0o600)
    text = f'[broker]\nuser = "me"\npassword_file = "{secret}"\n'
    assert read_secret(load([written(tmp_path, text)]).broker.password_file) == "pa${NOT_SET}$$word"
