from __future__ import annotations

from datetime import timezone
from math import isnan

import pytest

from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.hashes import request_of
from collectors.logs.formats.record import LONGEST_TEXT, Judge, Making, measured, text
from collectors.logs.formats.states import MISSING, TYPE
from collectors.logs.formats.times import Near

NEAR = Near(timezone.utc, 1.8e9)
FORM = Format(
    "x",
    "json",
    (
        Field("time", "ts"),
        Field("status", "s"),
        Field("exception", "e"),
        Field("level", "l"),
        Field("latency", "ms", 1e-3),
        Field("confidence", "c"),
        Field("cache", "hit"),
        Field("message", "m"),
    ),
)


def test_a_record_has_texts_and_numbers_in_the_order_of_the_format() -> None:
    record = Making(FORM).record(
        {"ts": 1.7e9, "s": 200, "ms": "36ms", "c": -0.5, "hit": "HIT", "m": "done"}, NEAR
    )
    assert record is not None
    assert record.time == 1.7e9
    assert record.texts == ("200", "", "")
    assert record.numbers == pytest.approx((0.036, -0.5, 1.0))
    assert record.message == "done"


OUTCOMES = Format(
    "y",
    "json",
    (
        Field("request", "id"),
        Field("prediction", "p"),
        Field("label", "t"),
        Field("category.country", "c"),
        Field("predicted_value", "pv"),
        Field("true_value", "tv"),
        Field("rank", "r"),
        Field("correct", "ok"),
        Field("feature.a", "a"),
        Field("feature.b", "b"),
    ),
)


def test_a_record_has_outcomes_classes_states_and_the_identity_of_its_request() -> None:
    record = Making(OUTCOMES).record(
        {"id": 7, "p": 3.0, "t": "3", "c": "de", "pv": -2.5, "tv": "-2", "r": 2, "ok": "true", "b": "high"},
        NEAR,
    )
    assert record is not None
    assert record.classes == ("3", "3", "de")
    assert record.outcomes == (-2.5, -2.0, 2.0, 1.0)
    assert record.states == (MISSING, TYPE)
    assert record.request == request_of("7")


@pytest.mark.parametrize("found", [{"t": "cat"}, {"ok": 0}, {"tv": 1.5}, {"a": "NaN"}])
def test_each_of_them_is_something_that_a_format_knows(found: dict[str, object]) -> None:
    assert Making(OUTCOMES).record({"id": "x", **found}, NEAR) is not None


def test_the_identity_of_a_request_alone_says_nothing() -> None:
    assert Making(OUTCOMES).record({"id": "x", "b": None}, NEAR) is None


def test_a_line_with_nothing_that_the_format_knows_is_not_understood() -> None:
    assert Making(FORM).record({"m": "text alone", "ts": 1.7e9}, NEAR) is None


def test_durations_and_counts_are_never_negative() -> None:
    assert isnan(measured(-1, 1.0, "duration"))
    assert isnan(measured(-1, 1.0, "level"))
    assert measured(-1, 1.0, "value") == -1.0


def test_texts_are_cut() -> None:
    assert text("x" * 1000) == "x" * LONGEST_TEXT
    assert [text(True), text(5), text(None)] == ["true", "5", ""]


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (("ok", "", "INFO"), ""),
        (("200", "", ""), ""),
        (("404", "", "WARNING"), ""),
        (("503", "", "INFO"), "503"),
        (("Timeout", "", ""), "Timeout"),
        (("500", "ValueError", "ERROR"), "ValueError"),
        (("", "", "critical"), "critical"),
        (("5000", "", ""), ""),
    ],
)
def test_what_failed(texts: tuple[str, ...], fault: str) -> None:
    assert Judge(FORM).fault(texts) == fault
