from __future__ import annotations

import math

import pytest

from agent.stats.frame import Content, Event
from agent.store.codec import pack, unpack
from tests.agent.store.device import content
from tests.messages import minute


def test_every_number_comes_back_exactly() -> None:
    made = minute(1_700_000_000.1, 7)
    assert unpack(pack(made)) == made
    third = content(1e9 + 1 / 3, 1 / 3)
    assert unpack(pack(third)) == third


def test_the_same_content_gives_the_same_bytes() -> None:
    assert pack(minute(60.0, 3)) == pack(minute(60.0, 3))


PACKED = pack(minute(60.0, 3))


@pytest.mark.parametrize("data", [b"", b"\x00" * 40, PACKED[:-4], PACKED + b"x"])
def test_what_pack_did_not_make_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="compression"):
        unpack(data)


def test_the_span_is_that_of_all_frames_and_events_in_wall_time() -> None:
    event = Event("boot-1", 3.0, 500.0, "reboot", (), "")
    two = Content((*content(1000.0).frames, *content(1010.0, offset=900.0).frames), (event,))
    assert two.wall == (503.0, 1020.0)
    assert Content(events=(event,)).wall == (503.0, 503.0)
    assert Content().wall == (0.0, 0.0)


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="range"):
        pack(content(0.0, math.inf))
