from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from agent.config import load
from agent.config.formats import form_named, own_formats
from agent.logs.paste import File, called, configuration, pattern
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.presets import PRESETS

FORM = Format(
    "json",
    "json",
    (
        Field("time", "t"),
        Field("latency", "took", 1e-3),
        Field("feature.x", "f.x"),
        Field("status", "s☃"),
    ),
)
FILE = File("/var/log/api.log", "/var/log")


@pytest.mark.parametrize(
    ("form", "made_up"),
    [
        *((preset, False) for preset in PRESETS.values()),
        (called(FORM, FILE), True),
        (PRESETS["vllm"]._replace(name="mine"), True),
        (FORM._replace(kind="logfmt", attributes=("a b",), family="http", name="mine"), True),
    ],
    ids=lambda each: each.name if isinstance(each, Format) else "",
)
def test_what_is_to_be_pasted_follows_the_file_in_the_same_format(
    form: Format, made_up: bool, tmp_path: Path
) -> None:
    (tmp_path / "x.toml").write_text(configuration(form, FILE, made_up=made_up))
    config = load([tmp_path / "x.toml"])
    (logs,) = config.logs
    assert (logs.name, logs.paths, logs.roots) == ("api", ("/var/log/api.log",), ())
    read = form_named(logs.format, own_formats(config.format))
    assert isinstance(read, Format)
    assert read._replace(fields=(), brief="") == form._replace(fields=(), brief="")
    assert set(read.fields) == set(form.fields)
    assert bool(config.format) is made_up


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/json.log", "json"),
        ("/a/.hidden", "log"),
        ("/a/a+b#c\n.log.1", "abc"),
        ("/a/" + "x" * 100, "x" * 64),
        ("/a/ b .log", "b"),
    ],
)
def test_any_file_has_a_name_that_loads(path: str, name: str, tmp_path: Path) -> None:
    file = File(path, "/elsewhere")
    form = called(FORM, file)
    (tmp_path / "x.toml").write_text(configuration(form, file, made_up=True))
    config = load([tmp_path / "x.toml"])
    assert config.logs[0].name == name
    assert config.logs[0].roots == ("/elsewhere",)
    assert config.logs[0].format == config.format[0].name
    assert config.format[0].name not in ("json", "logfmt", "auto")


def test_a_fifo_is_named_as_one(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(
        configuration(PRESETS["vllm"], File("/run/p", "/run", True), made_up=False)
    )
    (logs,) = load([tmp_path / "x.toml"]).logs
    assert (logs.paths, logs.pipes, logs.roots) == ((), ("/run/p",), ())


def test_a_path_with_signs_of_patterns_matches_itself_alone() -> None:
    path = "/a/b[1]*?.log"
    assert fnmatchcase(path, pattern(path))
    assert not fnmatchcase("/a/b1xy.log", pattern(path))
    assert pattern("/a/b\x1b\udcff") == "/a/b??"
