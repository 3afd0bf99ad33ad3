from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.hashes import (
    LONGEST,
    LONGEST_REQUEST,
    REQUEST_BITS,
    hash_of,
    hashes,
    request_of,
    requests,
)


def words_of(texts: list[bytes]) -> list[np.ndarray]:
    padded = b"".join(text.ljust(LONGEST, b"\0") for text in texts)
    return list(np.frombuffer(padded, "<u8").reshape(len(texts), -1).T)


@given(st.lists(st.binary(max_size=LONGEST), min_size=1))
def test_many_texts_have_the_numbers_that_each_has(texts: list[bytes]) -> None:
    lengths = np.array([len(text) for text in texts])
    assert hashes(words_of(texts), lengths).tolist() == [hash_of(text) for text in texts]


@given(st.lists(st.text(max_size=12), min_size=1))
def test_many_requests_have_the_identities_that_each_has(ids: list[str]) -> None:
    ids = [one for one in ids if one.isascii()] or [""]
    texts = [one.encode() for one in ids]
    lengths = np.array([len(text) for text in texts])
    assert requests(words_of(texts), lengths).tolist() == [request_of(one) for one in ids]


def test_identities_stay_what_they_were() -> None:
    assert request_of("") == 0
    assert [request_of("a"), request_of("req-0001")] == [89554228648491, 50958082626003]


def test_ids_that_are_much_alike_have_different_identities() -> None:
    count = 20_000
    for form in ("{:d}", "req-{:08d}", "{:032x}", "0000{:04x}-0000-{:d}-aaaa", "{:d}\0"):
        found = {request_of(form.format(at, at)) for at in range(count)}
        assert len(found) == count
        assert max(found) < 1 << REQUEST_BITS
        bits = np.array(list(found))[:, None] >> np.arange(REQUEST_BITS) & 1
        assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.02


def test_ids_are_told_apart_by_their_first_characters() -> None:
    assert request_of("x" * LONGEST_REQUEST) == request_of("x" * 1000)
    assert request_of("x" * (LONGEST_REQUEST - 1)) != request_of("x" * LONGEST_REQUEST)
    assert request_of("\ud800") > 0
