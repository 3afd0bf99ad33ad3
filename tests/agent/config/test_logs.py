from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import Faults, load
from agent.config.logs import Logs


def loaded(tmp_path: Path, text: str) -> tuple[Logs, ...]:
    path = tmp_path / "outrider.toml"
    path.write_text(text)
    return load([path]).logs


def test_a_log(tmp_path: Path) -> None:
    [logs] = loaded(
        tmp_path,
        '[[logs]]\nname = "api"\npaths = ["/var/log/api/*.log"]\nfrom = "1h"\nzone = "Europe/Berlin"\n'
        'units = ["model@1.service"]\nmatches = ["SYSLOG_IDENTIFIER=model"]\nformat = "vllm"\n'
        'attributes = { "model.name" = "resnet" }\n',
    )
    assert logs == Logs(
        "api",
        ("/var/log/api/*.log",),
        ("model@1.service",),
        ("SYSLOG_IDENTIFIER=model",),
        format="vllm",
        start=3600.0,
        zone="Europe/Berlin",
        attributes={"model.name": "resnet"},
    )


def test_a_format_of_ones_own_may_be_named(tmp_path: Path) -> None:
    [logs] = loaded(
        tmp_path, '[[format]]\nname = "mine"\n[[logs]]\nname = "a"\npaths = ["/a"]\nformat = "mine"\n'
    )
    assert logs.format == "mine"
    assert logs.start == "end"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("paths = []", "names nothing to read"),
        ('paths = ["a.log"]', "is no path"),
        ('paths = ["/a/../b"]', "is no path"),
        ("paths = 3", "no such array"),
        ('paths = ["/a"]\nfrom = "2d"', "out of bounds"),
        ('paths = ["/a"]\nfrom = "middle"', '"end", "start"'),
        ('paths = ["/a"]\nformat = "vlm"', "there is no format"),
        ('paths = ["/a"]\nzone = "Mars"', "no zone"),
        ('units = ["a b"]', "none of them"),
        ('matches = ["-f"]', "none of them"),
        ('paths = ["/a"]\nattributes = { "a b" = "c" }', "a b"),
        ('paths = ["/a"]\n[[logs]]\nname = "x"\npaths = ["/b"]', "is that of logs[1] too"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(Faults) as found:
        loaded(tmp_path, f'[[logs]]\nname = "x"\n{wrong}\n')
    assert said in str(found.value)
