from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import Absence
from collectors.fields import Fields, number, stalled
from collectors.host import COUNT_LIMIT

KEYS = (b"Two:", b"One:")
LINES = st.sampled_from(
    [b"One: 1 kB", b"One: 11 kB", b"Two: 2", b"Two:", b"Two: x", b"Other: 3 kB", b"", b"One: -1"]
)


def test_values_come_in_the_order_of_the_keys() -> None:
    assert Fields("/f", KEYS).parse(b"One: 1 kB\nOther: 5\nTwo: 22 kB\n") == ([22, 1], ())


def test_a_missing_and_a_malformed_value_each_have_a_reason() -> None:
    values, absences = Fields("/f", (b"One:", b"Two:", b"Three:")).parse(b"One: 1\nTwo: \x1b[m\n")
    assert values == [1, None, None]
    assert absences == (
        Absence("Two", "/f: malformed line 'Two: \\x1b[m'"),
        Absence("Three", "not in /f"),
    )


def test_a_text_without_any_key_is_refused() -> None:
    with pytest.raises(ValueError, match="/f: malformed"):
        Fields("/f", KEYS).parse(b"\n")


@given(st.lists(st.lists(LINES, max_size=6, unique_by=lambda line: line[:4]).map(b"\n".join), max_size=6))
def test_what_is_remembered_never_changes_the_result(texts: list[bytes]) -> None:
    fields = Fields("/f", KEYS)
    for text in texts:
        assert outcome(fields, text) == outcome(Fields("/f", KEYS), text)


@given(st.binary() | st.lists(LINES, max_size=6).map(b"\n".join))
def test_any_bytes_give_counts_and_reasons_or_a_value_error(text: bytes) -> None:
    try:
        values, absences = Fields("/f", KEYS).parse(text)
    except ValueError:
        return
    assert [each.what for each in absences] == [
        key.decode().rstrip(":") for key, value in zip(KEYS, values, strict=True) if value is None
    ]
    assert all(value is None or 0 <= value < COUNT_LIMIT for value in values)


def outcome(fields: Fields, text: bytes) -> object:
    try:
        return fields.parse(text)
    except ValueError as error:
        return str(error)


@given(st.binary(max_size=20))
def test_one_number_is_found_among_any_other_lines(noise: bytes) -> None:
    before = noise.replace(b"Pss:", b"")
    assert number("/f", b"x" + before + b"\nPss: 22 kB\n", b"Pss:") == 22


@pytest.mark.parametrize("text", [b"", b"Rss: 1", b"Pss:", b"Pss: -1", b"Pss: x", b"Pss: %d" % (1 << 64)])
def test_one_number_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"^/f: (malformed|no) line"):
        number("/f", text, b"Pss:")


def test_waiting_is_told_in_seconds_for_each_type_asked_for() -> None:
    text = b"some avg10=0.00 avg60=0.00 total=1736583\nfull avg10=0.00 avg60=0.00 total=2\n"
    assert stalled("/f", text, ("some", "full")) == [1.736583, 2e-06]
    assert stalled("/f", text, ("full",)) == [2e-06]


@pytest.mark.parametrize(
    "line", ["some", "some total=", "some total=x", "some total=-1", f"some total={1 << 64}"]
)
def test_a_line_without_its_total_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="io: malformed line 'some"):
        stalled("io", line.encode(), ("some",))


@pytest.mark.parametrize("text", [b"", b"full total=1\n", b"\0" * 99])
def test_a_type_that_is_missing_is_named(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"^io: no line 'some'$"):
        stalled("io", text, ("some",))


TOTALS = st.integers(0, COUNT_LIMIT - 1).map(b" total=%d".__mod__) | st.sampled_from([b"", b" total=-1"])
PRESSED = st.tuples(st.sampled_from([b"some", b"full"]), TOTALS).map(b" avg10=0.00".join)


@given(st.binary(max_size=200) | st.lists(PRESSED).map(b"\n".join))
def test_any_bytes_give_seconds_of_each_type_or_a_value_error(text: bytes) -> None:
    try:
        seconds = stalled("memory", text, ("some", "full"))
    except ValueError:
        return
    assert len(seconds) == 2
    assert min(seconds) >= 0
    assert max(seconds) <= COUNT_LIMIT / 1e6  # a float's next
