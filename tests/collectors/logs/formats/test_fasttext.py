from __future__ import annotations

import pytest

from collectors.logs.formats.fasttext import Place, place_of, usable
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.presets import PRESETS


def test_formats_that_look_at_digits_are_left_to_the_exact_path() -> None:
    assert usable(PRESETS["uvicorn"])
    assert not usable(PRESETS["uvicorn"]._replace(patterns=(r"x (?P<status>5\d\d)",)))
    logfmt = Format("x", "logfmt", (Field("latency", "took"),))
    assert usable(logfmt)
    assert not usable(logfmt._replace(attributes=("p99",)))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("12.5", Place(3, 4, 4, 1e-3)),
        ("12.5ms", Place(3, 6, 4, 1e-3)),
        ("45.5%", Place(3, 5, 4, 0.01)),
        ("-4", Place(3, 2, 2, 1e-3)),
        ("3m2s", Place(3, 4)),
        ("1e5", Place(3, 3)),
        ("0.12345678901234567890123", Place(3, 25)),
        ("5 apples", Place(3, 8)),
    ],
)
def test_where_a_number_stands(written: str, expected: Place) -> None:
    assert place_of(written, 3, len(written), 1e-3, "duration") == expected


def test_an_absent_number_and_a_flag() -> None:
    assert place_of("", 0, 0, 1.0, "level") == Place()
    assert place_of("1", 3, 1, 1.0, "flag") == Place(3, 1)
