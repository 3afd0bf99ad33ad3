from __future__ import annotations

from datetime import timezone

from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.times import Near

NEAR = Near(timezone.utc, 1.8e9)
FORM = Format("x", "json", (Field("status", "s"), Field("latency", "l"), Field("message", "m")))


def test_a_chunk_becomes_columns_and_what_is_not_understood_is_kept_as_sample() -> None:
    lines = Lines(FORM)
    batch = lines.read(b'{"s":"ok","l":1}\n\nplain\r\n{"s":"error","m":"boom"}\n', NEAR)
    assert (batch.lines, batch.missed, batch.samples) == (3, 1, [b"plain"])
    assert [lines.labels.texts[label] for label in batch.labels] == [("ok",), ("error",)]
    assert batch.messages == [(1, "boom")]


def test_nothing_becomes_nothing() -> None:
    batch = Lines(FORM).read(b"", NEAR)
    assert (batch.lines, len(batch.minutes)) == (0, 0)
