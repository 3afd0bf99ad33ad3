"""Baselines of real tables, and of bad ones."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from agent.stats.baseline import decoded, encoded
from agent.stats.drift import judged
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.tables.choice import Choice
from agent.tables.chunk import TableError
from agent.tables.making import Made, made
from agent.tables.source import Source
from tests.labelled import shuttle
from tests.source import ROOT

IRIS = ROOT / "agent" / "demo" / "iris.csv"
MODEL = ("m", "1")


def of(*paths: Path, choice: Choice = Choice(), like: Made | None = None) -> Made:  # noqa: B008
    sources = [Source(path) for path in paths]
    return made(sources, choice, MODEL, 0.0, like.baseline if like else None)


def table(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_iris_is_what_the_file_says() -> None:
    with IRIS.open() as file:
        rows = list(csv.DictReader(file))
    found = of(IRIS)
    assert found.rows == len(rows) == 150
    assert (found.left_out, found.troubles, found.refused) == ({}, {}, 0)
    species = found.baseline.features["species"]
    assert (species.values, species.missing) == (Top(dict(Counter(row["species"] for row in rows))), 0)
    for name in ("sepal_length", "sepal_width", "petal_length", "petal_width"):
        values = np.array([float(row[name]) for row in rows])
        feature = found.baseline.features[name]
        assert isinstance(feature.values, Histogram)
        assert feature.values == feature.standard.histogram(values)
        assert feature.standard.center == pytest.approx(np.median(values), abs=0.1)
        assert feature.extent == pytest.approx((values.min(), values.max()))
        assert found.columns[name].distinct.count == len(set(values))
    assert decoded(encoded(found.baseline)) == found.baseline


@pytest.mark.science
def test_a_sorted_file_gives_the_standard_of_all_of_it(tmp_path: Path) -> None:
    rows = shuttle()
    names = [f"f{column}" for column in range(9)] + ["prediction"]
    paths = []
    for path, order in (("a", np.argsort(rows[:, 0], kind="stable")), ("b", np.arange(len(rows)))):
        paths.append(tmp_path / f"{path}.csv")
        np.savetxt(paths[-1], rows[order], "%g", ",", header=",".join(names), comments="")
    one, two = (of(path).baseline.features for path in paths)
    assert isinstance(one["prediction"].values, Top)
    assert one["prediction"].values.counts == dict(Counter(f"{value:g}" for value in rows[:, 9]))
    for name in names[:9]:
        a, b = one[name], two[name]
        assert a.seen.count == b.seen.count == len(rows)
        assert a.standard.center == pytest.approx(b.standard.center, abs=0.2 * b.standard.spread)
        assert a.standard.spread == pytest.approx(b.standard.spread, rel=0.2)


def test_files_add_up_whatever_they_are(tmp_path: Path) -> None:
    one = table(tmp_path / "a.csv", "x,c\n1,de\n2,fr\n")
    two = table(tmp_path / "b.jsonl", '{"x": 3, "c": "de", "y": 1}\n{"x": 4}\n')
    found = of(one, two).baseline.features
    assert (found["x"].seen.count, found["x"].missing, found["x"].extent) == (4, 0, (1.0, 4.0))
    assert (found["c"].values, found["c"].missing) == (Top({"de": 2, "fr": 1}), 1)
    assert (found["y"].seen.count, found["y"].missing) == (1, 3)


def test_values_decide_what_a_column_is(tmp_path: Path) -> None:
    head = "id,few,zip,mixed,empty,same,free\n"
    rows = [f"u{n},{n % 3},{n % 2}1234,{n if n % 10 else 'n/k'},,7,text number {n}\n" for n in range(100)]
    file = table(tmp_path / "a.csv", head + "".join(rows))
    found = of(file, choice=Choice(categories=("zip",)))
    kinds = {name: type(feature.values) for name, feature in found.baseline.features.items()}
    assert kinds == {"few": Histogram, "zip": Top, "mixed": Histogram, "same": Histogram}
    assert found.left_out == {
        "id": "nearly each text is another one: 100 of 100",
        "empty": "it has no value",
        "free": "nearly each text is another one: 100 of 100",
    }
    assert found.baseline.features["mixed"].missing == found.columns["mixed"].texts == 10
    assert "id" in of(file, choice=Choice(features=("id",))).baseline.features


def test_predictions_are_categories_unless_they_have_fractions(tmp_path: Path) -> None:
    whole = of(table(tmp_path / "a.csv", "x,y\n1,0\n2,1\n3,1\n"), choice=Choice(prediction="y"))
    assert whole.baseline.features["prediction"].values == Top({"0": 1, "1": 2})
    real = of(table(tmp_path / "b.csv", "x,y\n1,0.5\n2,1\n3,1\n"), choice=Choice(prediction="y"))
    assert isinstance(real.baseline.features["prediction"].values, Histogram)


def test_one_like_another_can_be_compared(tmp_path: Path) -> None:
    random = np.random.default_rng(2)

    def drawn(name: str, mean: float) -> Path:
        rows = [
            f"{x:.3f},{c}\n"
            for x, c in zip(random.normal(mean, 1, 3000), random.choice(["a", "b"], 3000), strict=True)
        ]
        return table(tmp_path / name, "x,c\n" + "".join(rows))

    first = of(drawn("a.csv", 300))
    for mean, drifted in ((300, False), (301, True)):
        other = of(drawn("b.csv", mean), like=first).baseline.features
        assert other["x"].standard == first.baseline.features["x"].standard
        reference = first.baseline.features
        assert judged(reference["x"].seen, other["x"].seen).drifted is drifted
        assert judged(reference["c"].seen, other["c"].seen).drifted is False


def test_what_another_baseline_does_not_know_is_left_out(tmp_path: Path) -> None:
    first = of(table(tmp_path / "a.csv", "x\n1\n2\n"))
    found = of(table(tmp_path / "b.csv", "x,new\na,1\nb,2\n"), like=first)
    assert found.left_out == {"new": "the other baseline has none"}
    assert (found.baseline.features["x"].seen.count, found.baseline.features["x"].missing) == (0, 2)


@pytest.mark.parametrize(
    ("text", "choice", "why"),
    [
        ("", Choice(), "a.csv: it is empty"),
        ("a,b\n", Choice(), "not one row"),
        ("a,b\n1\n2\n", Choice(), "not one row; 2 rows with too few"),
        ("age\n1\n", Choice(features=("agee",)), "agee; did you mean age"),
        ("age\n1\n", Choice(renamed={"agee": "years"}), "no column is called years"),
        ("age\n1\n", Choice(prediction="label"), "no column is called label"),
        ("a,b\n,\n", Choice(), r"no column is a feature: a \(it has no value\), b"),
    ],
)
def test_a_table_of_no_use_is_said(tmp_path: Path, text: str, choice: Choice, why: str) -> None:
    with pytest.raises(TableError, match=why):
        of(table(tmp_path / "a.csv", text), choice=choice)


def test_ten_thousand_columns_are_bounded(tmp_path: Path) -> None:
    text = ",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join(["1"] * 10_000) + "\n"
    found = of(table(tmp_path / "a.csv", text))
    assert len(found.baseline.features) == 1000
    assert len(found.left_out) + found.refused == 9000


def test_a_file_that_changes_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.tables import making

    file = table(tmp_path / "a.csv", "x\n1\n2\n")
    planned = making.planned

    def appended(*given: object) -> object:
        with file.open("a") as more:
            more.write("3\n")
        return planned(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "planned", appended)
    with pytest.raises(TableError, match="changed"):
        of(file)
