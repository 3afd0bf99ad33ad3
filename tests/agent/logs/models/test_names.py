from __future__ import annotations

import numpy as np

from agent.logs.models.names import Numbered, called, values_of
from agent.logs.models.rows import Classes
from agent.stats.quality import OTHER
from collectors.logs.formats.classes import NAMELESS, nameless


def test_names_keep_their_numbers() -> None:
    names = Numbered(2)
    assert [names.number(name) for name in "abca"] == [0, 1, None, 0]
    again = Numbered.restored(2, names.saved())
    assert again.number("b") == 1
    assert not again.changed
    assert called(again) == (["a", "b", OTHER], 2)


def test_what_was_stored_and_is_none_of_it_is_begun_anew() -> None:
    for stored in (b'{"a": 1}', b"[1", b"3", b"", None):
        assert Numbered.restored(2, stored).names == []


def test_a_nameless_class_has_the_same_value_whoever_met_it() -> None:
    """One log has named it and we have no room for it; another has no name for it."""
    known = Numbered(1, ["a"])
    named = Classes(np.array([2, 3, 0]), ["", OTHER, "a", "b"])
    other = Classes(np.array([2, nameless("b"), 1]), ["", OTHER, "a"])
    one, two = values_of(named, known), values_of(other, known)
    assert one[:2].tolist() == two[:2].tolist() == [0.0, float(nameless("b"))]
    assert np.isnan(one[2])
    assert two[2] == nameless(OTHER) >= NAMELESS
