from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.config.allowance import Allowance
from agent.config.document import loads
from agent.config.fault import Expanded, Refused
from agent.config.forms import Choice, Duration, Flag, Form, Number, Share, Size, Text, Whole
from agent.config.names import Confirm, Name, Path, Url
from agent.config.patterns import Patterns, When
from agent.config.quantity import Rate
from agent.config.tables import Tier, Tiers

EXAMPLES: list[tuple[Form, object, object]] = [
    (Flag(), True, True),
    (Whole(1, 20), 20, 20),
    (Duration(1, 3600), "1h", 3600.0),
    (Size(1, 2**30), "1 MiB", 2**20),
    (Allowance(10**6, 10**9, daily=True), "50 MB/day", Rate(50 * 10**6, "day")),
    (Share(0.001, 64.0), "2.5 %", 0.025),
    (Choice("a", "b"), "b", "b"),
    (Number(0, 1), 0.25, 0.25),
    (Patterns(), ["a*", 'b"'], ("a*", 'b"')),
    (When(), "m > 1", "m > 1"),
    (Text(), 'say "hi" \\ there', 'say "hi" \\ there'),
    (Name(), "plant 3", "plant 3"),
    (Path(), "/etc/x", "/etc/x"),
    (Url(), "mqtt://host:1", "mqtt://host:1"),
    (Confirm(), "sink:a", "sink:a"),
    (Allowance(1000, 10**9), "1 KiB / Month", Rate(1024, "month")),
    (Allowance(1000, 10**9, none=True), "", None),
    (Tiers(64, Duration(60, 1e6)), {"8": "1h", "2": 60}, (Tier(2, 60.0), Tier(8, 3600.0))),
]


def wrong_for(form: Form) -> Iterator[object]:
    """Values of all TOML's types that this form does not take."""
    values: tuple[object, ...] = (None, [], {"x": 1}, "\x00", 1e300, -1, float("nan"))
    for value in values:
        try:
            form.read(value)
        except Refused:
            yield value


@pytest.mark.parametrize(("form", "written", "value"), EXAMPLES)
def test_a_form_reads_what_it_shows(form: Form, written: object, value: object) -> None:
    assert form.read(written) == value
    assert form.read(loads(f"x = {form.show(value)}")["x"]) == value


@pytest.mark.parametrize("form", [form for form, _, _ in EXAMPLES])
def test_a_refusal_says_what_is_allowed(form: Form) -> None:
    wrong = list(wrong_for(form))
    assert len(wrong) >= 5
    for value in wrong:
        with pytest.raises(Refused) as raised:
            form.read(value)
        assert all(refusal.reason and refusal.allowed for refusal in raised.value.refusals)


@pytest.mark.parametrize(
    ("form", "bounds"),
    [(Whole(1, 20), (1, 20)), (Number(1, 9), (1, 9)), (Duration(1, 60), (1, 60)), (Size(1, 9), (1, 9))],
)
def test_bounds_are_inside(form: Form, bounds: tuple[int, int]) -> None:
    low, high = bounds
    assert (form.read(low), form.read(high)) == bounds
    for outside in (low - 1, high + 1):
        with pytest.raises(Refused, match=f"{outside} is too"):
            form.read(outside)


def test_true_is_no_number() -> None:
    for form in (Whole(0, 9), Number(0, 9), Duration(0, 9), Size(0, 9)):
        with pytest.raises(Refused):
            form.read(True)


def test_what_a_variable_says_is_read_as_if_it_stood_there() -> None:
    def said(text: str) -> Expanded:
        return Expanded(text, written="${X}")

    assert Flag().read(said("true")) is True
    assert Whole(-9, 9).read(said("-7")) == -7
    assert Number(0, 9).read(said("2.5")) == 2.5
    assert Text().read(said("true")) == "true"
    for form, text in ((Flag(), "yes"), (Whole(0, 9), "1.0"), (Number(0, 9), "nan"), (Whole(0, 9), "9" * 30)):
        with pytest.raises(Refused, match=r'"\$\{X\}" is'):
            form.read(said(text))


def test_a_text_that_must_be_there_is_not_empty() -> None:
    with pytest.raises(Refused, match="has 0 characters"):
        Text(9, 1).read("")
