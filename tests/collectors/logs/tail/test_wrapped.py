from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.tail.wrapped import Wrapper, seconds, unwrap, wrapper_of

STAMP = "2026-11-26T10:00:00.5Z"
LIMIT = 64


def docker(text: str, stream: str = "stdout") -> bytes:
    return json.dumps({"log": text, "stream": stream, "time": STAMP}).encode() + b"\n"


def cri(text: str, stream: str = "stdout", mark: str = "F") -> bytes:
    return f"{STAMP}000000 {stream} {mark} {text}\n".encode()


@pytest.mark.parametrize(
    ("head", "wrapper"),
    [
        (docker("x\n"), "docker"),
        (docker("x" * 2000)[:1024], "docker"),
        (cri("x"), "cri"),
        (cri("x" * 2000)[:1024], "cri"),
        (b'{"msg":"x","log":"y"}\n', "none"),
        (b"2026-11-26 stdout F x\n", "none"),
        (b"", "none"),
    ],
)
def test_a_wrapper_is_seen_from_the_first_line(head: bytes, wrapper: Wrapper) -> None:
    assert wrapper_of(head) == wrapper


def test_docker_lines_and_their_pieces() -> None:
    text = docker("one\n") + docker("tw") + docker("err\n", "stderr") + docker("o\n")
    found = unwrap(text, "docker", LIMIT, 0, force=False)
    assert found.lines == [b"one\n", b"err\n", b"two\n"]
    assert found.times == [1795687200.5] * 3
    assert found.used == len(text)


def test_cri_lines_and_their_pieces() -> None:
    text = cri("tw", mark="P") + cri("o") + cri("", "stderr") + cri("with tags", mark="F:x")
    assert unwrap(text, "cri", LIMIT, 0, force=False).lines == [b"two\n", b"\n", b"with tags\n"]


def test_what_is_not_finished_is_read_again_with_all_that_is_mingled_with_it() -> None:
    first = cri("done")
    text = first + cri("a", mark="P") + cri("b", "stderr", "P") + cri("c")
    found = unwrap(text, "cri", LIMIT, 0, force=False)
    assert (found.lines, found.used) == ([b"done\n"], len(first))
    again = unwrap(text[found.used :] + cri("d", "stderr"), "cri", LIMIT, 0, force=False)
    assert again.lines == [b"ac\n", b"bd\n"]


def test_where_there_is_no_room_to_wait_a_piece_is_a_line_and_the_rest_left_out() -> None:
    found = unwrap(cri("a", mark="P"), "cri", LIMIT, 0, force=True)
    assert (found.lines, found.skipping) == ([b"a\n"], 2)
    later = unwrap(
        cri("b", mark="P") + cri("e", "stderr") + cri("c") + cri("d"), "cri", LIMIT, 2, force=False
    )
    assert (later.lines, later.skipping) == ([b"e\n", b"d\n"], 0)


def test_a_line_that_is_not_wrapped_is_passed_on_and_counted() -> None:
    broken = b'{"log":"half\n'
    for wrapper, good in (("docker", docker("x\n")), ("cri", cri("x"))):
        found = unwrap(good + broken + b"[" * 5000 + b"\n", wrapper, LIMIT, 0, force=False)  # type: ignore[arg-type]
        assert found.lines == [b"x\n", broken, b"[" * LIMIT + b"\n"]
        assert found.malformed == 2


def test_a_line_inside_is_cut_at_the_limit() -> None:
    text = cri("x" * 60, mark="P") + cri("y" * 60)
    found = unwrap(text, "cri", LIMIT, 0, force=False)
    assert found.lines == [b"x" * 60 + b"yyyy\n"]
    assert found.cut == 1


def test_two_objects_on_a_line_are_no_dockers_line() -> None:
    line = docker("x\n")[:-1] + b"," + docker("y\n")
    found = unwrap(line, "docker", 1000, 0, force=False)
    assert found.malformed == 1


PIECES = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.text("ab", max_size=5), st.booleans()))


@given(PIECES, st.integers(1, 6))
def test_lines_are_the_same_in_whatever_blocks_they_come(
    pieces: list[tuple[str, str, bool]], step: int
) -> None:
    """Each stream's lines come once and in their order."""
    raw = [cri(text, stream, "F" if whole else "P") for stream, text, whole in pieces]
    text, offset, size = b"".join(raw), 0, 0
    got: list[bytes] = []
    while size < len(raw):
        size += step
        end = len(b"".join(raw[:size]))
        found = unwrap(text[offset:end], "cri", LIMIT, 0, force=False)
        offset += found.used
        got += found.lines
    at_once = unwrap(text, "cri", LIMIT, 0, force=False)
    assert got == at_once.lines
    assert offset == at_once.used


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("1970-01-01T00:00:10Z", 10.0),
        ("1970-01-01T01:00:10.25+01:00", 10.25),
        ("1969-12-31T23:00:10.000000001-01:00", 10.000000001),
        ("1970-13-01T00:00:10Z", None),
        ("1970-01-01T00:00:10", None),
        ("yesterday", None),
    ],
)
def test_seconds(stamp: str, expected: float | None) -> None:
    assert seconds(stamp) == expected


@given(
    st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.text(max_size=80)), max_size=20),
    st.sampled_from(["docker", "cri"]),
)
def test_the_fast_way_says_the_same(lines: list[tuple[str, str]], wrapper: Wrapper) -> None:
    """A line of a stream that is left out, before the others, makes the slow way of it."""
    plain = [(stream, text.replace("\n", " ").encode("utf-8", "replace").decode()) for stream, text in lines]
    if wrapper == "docker":
        raw = [docker(f"{text}\n", stream) for stream, text in plain]
        cut = json.dumps({"log": "x\n", "stream": "other", "time": STAMP}).encode() + b"\n"
    else:
        raw = [cri(text, stream) for stream, text in plain]
        cut = cri("x", mark="F")
    fast = unwrap(b"".join(raw), wrapper, LIMIT, 0, force=False)
    slow = unwrap(cut + b"".join(raw), wrapper, LIMIT, 8 if wrapper == "docker" else 2, force=False)
    assert (fast.lines, fast.times, fast.cut) == (slow.lines, slow.times, slow.cut)
    assert [end - begin for begin, end in fast.spans] == [end - begin for begin, end in slow.spans]
    assert fast.used == slow.used - len(cut)
