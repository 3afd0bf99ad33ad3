from __future__ import annotations

from datetime import timezone

from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.states import FINE, MISSING, NAN, TYPE
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


OUTCOMES = Format(
    "y",
    "json",
    (Field("request", "id"), Field("prediction", "p"), Field("label", "t"), Field("feature.a", "a")),
)


def test_predictions_and_labels_share_their_classes_with_those_of_another_log() -> None:
    one = Lines(OUTCOMES)
    two = Lines(OUTCOMES, classes=one.classes[0])
    batch = one.read(b'{"id":"x","p":"cat","a":1}\n{"id":"y","p":"dog","a":null}\n', NEAR)
    later = two.read(b'{"id":"y","t":"dog"}\n', NEAR)
    assert batch.classes[0].tolist() == [2, 3]
    assert later.classes[1].tolist() == [3]
    assert batch.requests is not None
    assert later.requests is not None
    assert later.requests[0] == batch.requests[1] != batch.requests[0]


def test_states_are_there_where_a_feature_has_no_number() -> None:
    lines = Lines(OUTCOMES)
    assert lines.read(b'{"p":1,"a":2}\n', NEAR).states == (None,)
    (states,) = lines.read(b'{"p":1,"a":2}\n{"p":1}\n{"p":1,"a":NaN}\n{"p":1,"a":{}}\n', NEAR).states
    assert states is not None
    assert states.tolist() == [FINE, MISSING, NAN, TYPE]


def test_a_record_has_its_line() -> None:
    batch = Lines(OUTCOMES).read(b'plain\r\n\n{"p":1}\r\n{"p":2}', NEAR)
    assert batch.raw is not None
    assert [batch.raw.line(row) for row in range(2)] == [b'{"p":1}', b'{"p":2}']
