from __future__ import annotations

from datetime import timezone

import pytest

from collectors.logs.formats.exact import Exact
from collectors.logs.formats.fastjson import SHAPES, FastJson, JsonShape, Unusable
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.times import Near

NEAR = Near(timezone.utc, 1.8e9)
FORM = Format(
    "x", "json", (Field("time", "t"), Field("latency", "l"), Field("model", "m"), Field("message", "s"))
)


def learn(fast: FastJson, line: bytes) -> bool:
    record = Exact(FORM).record(line, NEAR)
    assert record is not None
    return fast.learn(line, record)


def test_a_shape_is_learned_once_and_only_so_many_are_kept() -> None:
    fast = FastJson(FORM)
    assert learn(fast, b'{"l":1,"m":"x"}')
    assert not learn(fast, b'{"l":25,"m":"yy"}')
    for at in range(2 * SHAPES):
        assert learn(fast, b'{"l":1,"k%d":2}' % at)
    assert len(fast._shapes) == SHAPES


@pytest.mark.parametrize(
    "line",
    [
        b'{"l":"36ms"}',
        b'{"l":1,"t":"some day"}',
        b'{"l":1,"s":5}',
        b'{"l":1,"x":"a\\n"}',
        '{"l":1,"m":"ü"}'.encode(),
    ],
)
def test_what_only_the_exact_path_reads_is_not_learned(line: bytes) -> None:
    assert not learn(FastJson(FORM), line)


def test_a_line_without_shape_is_unusable() -> None:
    record = Exact(FORM).record(b'{"l":1}', NEAR)
    assert record is not None
    with pytest.raises(Unusable):
        JsonShape(FORM, b'{"l":1e5}', record)
