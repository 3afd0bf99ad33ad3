from __future__ import annotations

from datetime import timezone

import pytest

from collectors.logs.formats.exact import Exact
from collectors.logs.formats.fastjson import SHAPES, FastJson
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
    fast = FastJson(FORM, ())
    assert learn(fast, b'{"l":1,"m":"x"}')
    assert not learn(fast, b'{"l":25,"m":"yy"}')
    for at in range(2 * SHAPES):
        assert learn(fast, b'{"l":1,"k%d":2}' % at)
    assert len(fast._shapes) == SHAPES


@pytest.mark.parametrize(
    "line",
    [
        b'{"l":1,"t":"some day"}',
        b'{"l":1,"s":5}',
        b'{"l":1,\t"x":2}',
        b'{"l":1,"x":"\xff"}',
        b'{"l":1,"t":"2026-11-23T12:00\\u003a00"}',
        b'{"l":1,"\\u0078":2}',
    ],
)
def test_what_only_the_exact_path_reads_is_not_learned(line: bytes) -> None:
    assert not learn(FastJson(FORM, ()), line)


def test_a_line_without_shape_is_not_learned() -> None:
    record = Exact(FORM).record(b'{"l":1}', NEAR)
    assert record is not None
    assert not FastJson(FORM, ()).learn(b'{"l":1,"l":2}', record)


@pytest.mark.parametrize(
    "line", [b'{"l":"36ms"}', b'{"l":1e5}', b'{"l":1,"s":"a\\n\\"b"}', '{"l":1,"m":"ü","ö":"ä"}'.encode()]
)
def test_amounts_exponents_escapes_and_letters_are_learned(line: bytes) -> None:
    assert learn(FastJson(FORM, ()), line)
