from __future__ import annotations

import numpy as np

from collectors.logs.formats.classes import MOST, NAMELESS, NONE, OTHER, Classes, folded


def test_names_have_numbers_in_turn() -> None:
    classes = Classes()
    assert [classes[name] for name in ("cat", "dog", "cat", "", "other")] == [2, 3, 2, NONE, OTHER]
    assert classes.names == ["", "other", "cat", "dog"]


def test_names_of_an_earlier_time_keep_their_numbers() -> None:
    earlier = Classes()
    numbers = [earlier[name] for name in ("cat", "dog")]
    assert [Classes(earlier.names)[name] for name in ("cat", "dog")] == numbers


def test_of_too_many_the_rest_is_told_apart_without_a_name() -> None:
    classes = Classes()
    named = [classes[str(at)] for at in range(MOST)]
    rest = [classes[f"more {at}"] for at in range(1000)]
    assert max(named) == len(classes.names) - 1 == MOST + 1
    assert len(set(rest)) == 1000
    assert all(NAMELESS <= number < 2**53 for number in rest)
    assert classes["more 5"] == rest[5]
    assert len(classes) == len(classes.names)
    assert folded(np.array([*named[:2], *rest])).tolist() == [2, 3, *[OTHER] * 1000]
