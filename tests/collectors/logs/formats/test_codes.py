from __future__ import annotations

import numpy as np

from collectors.logs.formats.codes import MOST, Codes


def numbers(codes: Codes, values: list[int]) -> list[int]:
    words, lengths = np.array(values, np.uint64), np.full(len(values), 8)
    found: list[int] = codes.numbers([words], lengths, values.__getitem__).tolist()
    return found


def test_each_text_is_told_once_in_the_order_of_lines() -> None:
    told: list[object] = []
    codes = Codes(lambda value: (told.append(value), len(told))[1])  # type: ignore[func-returns-value]
    assert numbers(codes, [9, 5, 9, 7]) == [1, 2, 1, 3]
    assert numbers(codes, [7, 8, 5]) == [3, 4, 2]
    assert told == [9, 5, 7, 8]


def test_texts_without_end_have_their_numbers_and_take_no_memory() -> None:
    codes = Codes(lambda value: int(str(value)) * 2)
    for start in range(0, 10 * MOST, MOST // 2):
        values = list(range(start, start + MOST + 7))
        assert numbers(codes, values) == [2 * value for value in values]
        assert len(codes._keys) <= MOST


def test_nothing_has_no_numbers() -> None:
    assert numbers(Codes(lambda _: 1), []) == []
