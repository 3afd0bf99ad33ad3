"""The verb: files in, a file and words out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from agent.cli import main
from agent.config.models import Model
from agent.given import baseline_of
from agent.stats.baseline import decoded
from agent.stats.topk import Top
from tests.source import ROOT

IRIS = str(ROOT / "agent" / "demo" / "iris.csv")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it runs; there is no configuration."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.toml").write_text("")
    return tmp_path


def run(*words: str) -> int:
    return main(["baseline", *words, "--config", "empty.toml"])


def test_it_makes_a_file_and_shows_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(IRIS, "--model", "iris", "--version", "7") == 0
    told = capsys.readouterr().out
    assert told.startswith("150 rows\niris 7: 5 features, made ")
    assert "category: setosa 50, versicolor 50, virginica 50" in told
    made = folder / "iris.baseline.json"
    assert f"wrote iris.baseline.json: {made.stat().st_size} bytes" in told
    assert (decoded(made.read_bytes()).model, decoded(made.read_bytes()).version) == ("iris", "7")
    assert sorted(os.listdir(folder)) == ["empty.toml", "iris.baseline.json"]
    assert run("--show", "iris.baseline.json") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == told.splitlines()[1]
    assert len(shown) == 7
    assert run("--show", "iris.baseline.json", "--json") == 0
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 6


def test_the_daemon_takes_it(folder: Path) -> None:
    assert run(IRIS, "--model", "iris") == 0
    told: list[object] = []
    found = baseline_of(Model("iris", ("api",), baseline=str(folder / "iris.baseline.json")), told.append)
    assert told == []
    assert found is not None
    assert set(found.features) >= {"petal_length", "species"}


def test_what_was_asked_for_is_in_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--feature", "petal_*,sepal_width", "--exclude", "petal_width", "--category", "sepal_width")
    assert run(IRIS, "--model", "i", "--prediction", "species", "--output", "o.json", "--json", *words) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["rows"] == 150
    assert rows[0]["output"] == "o.json"
    found = decoded((folder / "o.json").read_bytes()).features
    assert set(found) == {"petal_length", "sepal_width", "prediction"}
    assert isinstance(found["sepal_width"].values, Top)
    distinct = {row["feature"]: row["distinct"] for row in rows if row["kind"] == "feature"}
    assert distinct == {"petal_length": 43, "sepal_width": 23, "prediction": 3}


def test_what_could_not_be_used_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(
        f"{n % 7},key{n},1,{'inf' if n % 2 else 'much' if n % 10 == 0 else n}\n" for n in range(40)
    )
    (folder / "a.csv").write_text(f"a,id,same,odd\n{rows}1,2\n")
    assert run("a.csv", "--model", "m") == 0
    told = capsys.readouterr().out
    assert "left out: id: nearly each text is another one: 40 of 40" in told
    assert "same: it is the same in each row" in told
    assert "odd: 4 cells are no numbers; counted as missing" in told
    assert "odd: 20 are infinite; counted as missing" in told
    assert "not used: 1 rows with too few or too many cells" in told
    assert run("a.csv", "--model", "m", "--json") == 0
    kinds = [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["baseline", *["feature"] * 3, *["said"] * 3, "left_out", "trouble"]


def test_a_column_that_no_log_can_name_is_renamed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.csv").write_text("sepal length (cm),a=b\n1,2\n")
    assert run("a.csv", "--model", "m") == 0
    assert "sepal length (cm): no log can call a feature so; --rename it" in capsys.readouterr().out
    assert run("a.csv", "--model", "m", "--rename", "sepal length (cm)=length", "--rename", "a=b=c") == 0
    assert "no log" not in capsys.readouterr().out
    assert set(decoded((folder / "m.baseline.json").read_bytes()).features) == {"length", "c"}
    with pytest.raises(SystemExit):
        run("a.csv", "--model", "m", "--rename", "length")


def test_a_drift_is_found_and_its_absence_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(3)
    for name, mean in (("a", 300), ("b", 300), ("c", 301)):
        rows = "".join(f"{value:.4f}\n" for value in random.normal(mean, 1, 1000))
        (folder / f"{name}.csv").write_text("x\n" + rows)
    assert run("a.csv", "--model", "m", "--version", "2") == 0
    for name in "bc":
        assert run(f"{name}.csv", "--like", "m.baseline.json", "--output", f"{name}.json") == 0
    assert decoded((folder / "b.json").read_bytes()).version == "2"
    capsys.readouterr()
    assert run("--compare", "m.baseline.json", "b.json") == 0
    assert "0 of 1 features drifted" in capsys.readouterr().out
    assert run("--compare", "m.baseline.json", "c.json") == 1
    assert "x        DRIFTED: " in capsys.readouterr().out
    assert run("--compare", "m.baseline.json", "c.json", "--json") == 1
    assert json.loads(capsys.readouterr().out)["drifted"] is True
    assert run("c.csv", "--model", "m", "--output", "d.json") == 0
    assert run("--compare", "m.baseline.json", "d.json") == 2
    assert "make one --like the other" in capsys.readouterr().err


def test_a_log_in_a_format_of_ones_own(folder: Path) -> None:
    (folder / "own.toml").write_text(
        '[[format]]\nname = "mine"\nkind = "json"\n[format.fields]\n"feature.size" = "in.size"\n'
    )
    (folder / "a.log").write_text('{"in": {"size": 3}}\n{"in": {"size": 5}}\n')
    words = ["baseline", "a.log", "--model", "m", "--format", "mine", "--config", "own.toml"]
    assert main(words) == 0
    assert decoded((folder / "m.baseline.json").read_bytes()).features["size"].extent == (3.0, 5.0)
    assert run("a.log", "--model", "m", "--format", "nothing") == 2


def test_a_file_without_names_may_be_given_some(folder: Path) -> None:
    (folder / "a.csv").write_text("1,2\n3,4\n")
    assert run("a.csv", "--model", "m") == 1
    assert run("a.csv", "--model", "m", "--header", "x, y") == 0
    assert set(decoded((folder / "m.baseline.json").read_bytes()).features) == {"x", "y"}


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ((), 2, "give it tables"),
        ((IRIS, "--show", "a"), 2, "give it tables"),
        ((IRIS,), 2, "--model"),
        ((IRIS, "--model", "m" * 129), 2, "128 characters"),
        ((IRIS, "--model", "m\udcff"), 2, "of Unicode"),
        (("gone.csv", "--model", "m"), 1, "gone.csv: there is no such file"),
        (("--show", "gone.json"), 1, "gone.json: No such file"),
        (("--show", IRIS), 1, "iris.csv: no JSON"),
        (("--compare", IRIS, IRIS), 2, "iris.csv: no JSON"),
        (("--compare", "gone.json", IRIS), 2, "gone.json: No such file"),
        ((IRIS, "--model", "m", "--output", "/proc/none/m.json"), 1, "No such file"),
    ],
)
def test_what_is_wrong_is_said(
    words: tuple[str, ...], code: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == code
    assert why in capsys.readouterr().err
