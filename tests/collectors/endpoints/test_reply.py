"""Answers over HTTP/1.1, in pieces of every size."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.endpoints.reply import HEAD, Failed, Reply

PAGE = b"".join(b"metric_%d 1\n" % n for n in range(50))
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def chunked(body: bytes, size: int = 100) -> bytes:
    """In chunks, one with an extension, as `Transfer-Encoding: chunked` has them."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def packed(body: bytes) -> bytes:
    return gzip.compress(body)


ANSWERS = {
    "length": OK + b"Content-Length: %d\r\n\r\n" % len(PAGE) + PAGE,
    "chunked": OK + b"transfer-encoding: Chunked\r\n\r\n" + chunked(PAGE),
    "until it closes": OK + b"\r\n" + PAGE,
    "packed": OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed(PAGE)) + packed(PAGE),
    "packed in chunks": OK + b"Content-Encoding: GZIP\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(packed(PAGE), 7),
    "after a hint": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"\r\n" + PAGE,
}  # fmt: skip


def read(answer: bytes, size: int = 1 << 20, limit: int = 100_000) -> bytes:
    """The page of an answer that comes in pieces of this size, and then the end of the connection."""
    reply = Reply(limit)
    for at in range(0, len(answer), size):
        reply.feed(answer[at : at + size])
        if reply.done:
            return reply.body
    reply.feed(b"")
    assert reply.done
    return reply.body


def failed(answer: bytes, limit: int = 100_000) -> str:
    """Why it is none."""
    with pytest.raises(Failed) as raised:
        read(answer, limit=limit)
    return raised.value.reason


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("size", [1, 3, 50, 1 << 20])
def test_a_page_in_pieces(answer: bytes, size: int) -> None:
    assert read(answer, size) == PAGE


@pytest.mark.parametrize("how", ["length", "chunked", "packed", "packed in chunks"])
def test_a_page_that_is_cut_is_none(how: str) -> None:
    assert failed(ANSWERS[how][:-20]) == "cut"


def test_the_last_line_of_a_page_of_unknown_length_needs_its_end() -> None:
    assert failed(OK + b"\r\nmetric 12") == "cut"
    assert read(OK + b"\r\n") == b""


def test_a_packed_page_whose_end_is_missing() -> None:
    cut = packed(PAGE)[:-9]
    assert failed(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(cut) + cut) == "cut"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"HTTP/1.1 301 Moved\r\nLocation: http://10.0.0.1/\r\n\r\n", "redirect"),
        (b"HTTP/1.1 500 Oh\r\n\r\n", "status"),
        (b"HTTP/1.1 404\r\n\r\n", "status"),
        (b"HTTP/1.0 204 Empty\r\n\r\n", "status"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "protocol"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "protocol"),
        (b"HTTP/2 200\r\n\r\n", "protocol"),
        (b"", "protocol"),
        (OK, "protocol"),
        (OK + b"Content-Encoding: br\r\n\r\n", "protocol"),
        (OK + b"Content-Encoding: gzip\r\n\r\nno gzip at all\n", "protocol"),
        (OK + b"Content-Length: -5\r\n\r\n", "protocol"),
        (OK + b"Content-Length: 99999999999999999999\r\n\r\n", "protocol"),
        (OK + b"Content-Length: 100001\r\n\r\n", "size"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "protocol"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", "protocol"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n", "protocol"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 2000, "protocol"),
        (OK + b"X: " + b"y" * HEAD, "protocol"),
    ],
)
def test_what_is_no_page(head: bytes, reason: str) -> None:
    assert failed(head) == reason


def test_more_than_the_limit() -> None:
    assert failed(OK + b"\r\n" + b"x\n" * 600, limit=1000) == "size"
    assert failed(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x\n" * 600), limit=1000) == "size"
    assert read(OK + b"\r\n" + b"x\n" * 500, limit=1000) == b"x\n" * 500


def test_what_frames_a_page_is_bounded_too() -> None:
    limit = 100_000
    tiny = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x\n" * (limit // 2), 1)
    assert len(tiny) > HEAD + 2 * limit
    assert failed(tiny, limit=limit) == "size"
    assert failed(b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + ANSWERS["length"]) == "protocol"


def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    maker = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(maker.compress(bytes(1 << 20)) for _ in range(64)), maker.flush()])
    assert len(bomb) < 100_000
    reply = Reply(100_000)
    with pytest.raises(Failed, match="max_size"):
        reply.feed(OK + b"Content-Encoding: gzip\r\n\r\n" + bomb)
    assert len(reply._body) <= 100_001


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(list(ANSWERS.values())), st.integers(0, 700), st.binary(max_size=30), st.integers(1, 99)
)
def test_whatever_comes_ends_in_a_page_or_a_reason(answer: bytes, at: int, junk: bytes, size: int) -> None:
    try:
        ended = len(read(answer[:at] + junk + answer[at:], size)) <= 100_000
    except Failed as error:
        ended = error.reason in ("cut", "protocol", "redirect", "size", "status")
    assert ended
