from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.known import EXACT, MOST, NEW, UNKNOWN, Known
from collectors.logs.formats.words import Desk, Text, Words, head_of


def words(texts: list[str]) -> list[Words]:
    text = Text("".join(f"{each}\n" for each in texts).encode(), Desk())
    return head_of(text, text.starts, text.ends - text.starts)


@given(st.lists(st.tuples(st.text("ab", max_size=20), st.text("xy", max_size=3)), min_size=1, max_size=50))
def test_each_combination_has_its_own_number(rows: list[tuple[str, str]]) -> None:
    told: list[tuple[str, str]] = []

    def tell(row: int) -> int:
        told.append(rows[row])
        return len(told) - 1

    known = Known(2)
    for _ in range(2):
        found = known.numbers(
            [words([a for a, _ in rows]), words([b for _, b in rows])], np.arange(len(rows)), tell
        )
        assert [told[number] for number in found] == rows
    assert len(told) == len(set(rows))


def test_what_the_exact_path_must_read_stays_so() -> None:
    known = Known(1)
    assert known.numbers([words(["a", "b"])], np.arange(2), lambda row: EXACT if row else 7).tolist() == [
        7,
        EXACT,
    ]


def test_only_so_many_become_known_in_a_chunk_and_altogether() -> None:
    known = Known(1)
    found = known.numbers([words([f"t{at}" for at in range(1000)])], np.arange(1000), lambda row: row)
    assert found.tolist() == [*range(NEW), *[UNKNOWN] * (1000 - NEW)]
    for start in range(0, 2 * MOST, NEW):
        known.numbers([words([f"n{start + at}" for at in range(NEW)])], np.arange(NEW), lambda row: row)
    assert len(known._keys) <= MOST


def test_a_shorter_column_of_words_is_no_prefix_of_a_longer_text() -> None:
    known = Known(1)
    known.numbers([words(["abcdefghij"])], np.arange(1), lambda _: 1)
    assert known.numbers([words(["abcdefgh"])], np.arange(1), lambda _: 2).tolist() == [2]
