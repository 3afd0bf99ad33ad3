from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config.document import loads
from agent.config.locate import DEEPEST, Steps, locate

ADVERSARIAL = '''# a = 1
top = 1
"quoted key" = "# = [x]" # [not.a.table]
'literal.key' = 'a\\'
a.b . "c" = [ # comment ]
  1, [2, "]"],
  { x = "}", y.z = 2 }, # {

]
text = """
[fake]
key = 1 \\"""
""""" # ends with two quotes of its own
raw = \'\'\'
[fake2]
'\'\'\'
[table]
first = 1979-05-27 07:32:00
[table.inner]
x = 0xFF
[[many]]
n = 1
[[many]]
n = 2
[many.sub]
m = 3
[[many.deep]]
o = 4
[[many.deep]]
o = 5
[ spaced . "header" ] # comment
"\\u0061\\t" = 1
inline = { a = 1, b = { c = [1,2] }, "d" = \'\'\'x
y\'\'\', e = 4 }
last = true'''


def leaves(value: Any, path: Steps = ()) -> Iterator[Steps]:
    """The path of every value that is no container."""
    items = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if items is None:
        yield path
        return
    for key, inner in items:
        yield from leaves(inner, (*path, key))


def test_nothing_confuses_it() -> None:
    lines = locate(ADVERSARIAL)
    values = loads(ADVERSARIAL)
    assert set(leaves(values)) <= set(lines)
    assert not any("fake" in str(path) for path in lines)
    at = {
        ("top",): 2,
        ("quoted key",): 3,
        ("literal.key",): 4,
        ("a", "b", "c"): 5,
        ("a", "b", "c", 0): 6,
        ("a", "b", "c", 2, "y", "z"): 7,
        ("text",): 10,
        ("raw",): 14,
        ("table",): 17,
        ("table", "first"): 18,
        ("table", "inner", "x"): 20,
        ("many", 0, "n"): 22,
        ("many", 1, "n"): 24,
        ("many", 1, "sub", "m"): 26,
        ("many", 1, "deep", 0, "o"): 28,
        ("many", 1, "deep", 1, "o"): 30,
        ("spaced", "header"): 31,
        ("spaced", "header", "a\t"): 32,
        ("spaced", "header", "inline", "b", "c", 1): 33,
        ("spaced", "header", "inline", "e"): 34,
        ("spaced", "header", "last"): 35,
    }
    assert {path: lines[path] for path in at} == at


def test_windows_line_ends_count_once() -> None:
    assert locate('a = 1\r\n[b]\r\nc = """\r\n"""\r\nd = 2\r\n')[("b", "d")] == 5


def test_deep_keys_are_not_kept() -> None:
    assert max(map(len, locate("a." * 50_000 + "b = 1"))) == DEEPEST


@given(st.text(alphabet="ab=[]{}\"'#\\\n.,1 "))
def test_it_ends_on_any_text(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in locate(text).values())


KEYS = st.sampled_from(["a", "b-1", '"c d"', "'e.f'", '"#"', '"\\"["', "7"])
TRICKY = st.text(alphabet="ab#=[]{}\",'\\ é", max_size=8)


def basic(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


SCALARS = st.one_of(
    st.integers().map(str),
    st.sampled_from(["true", "inf", "1979-05-27", "-0.5e3", "''", '""', '""""""', "''''''"]),
    TRICKY.map(lambda text: f'"{basic(text)}"'),
    TRICKY.map(lambda text: f'"""\n{basic(text)}\n[x]\ny = 1"""'),
    TRICKY.map(lambda text: "'" + text.replace("'", "") + "'"),
    TRICKY.map(lambda text: "'''" + text.replace("'", '"') + "\n# '' '''"),
)


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Arrays over several lines with comments, inline tables on one."""
    arrays = st.lists(inner, max_size=3).map(
        lambda items: "[ # ]\n" + "".join(f" {one}, # ,\n" for one in items) + "]"
    )
    tables = st.dictionaries(KEYS, inner, max_size=3).map(
        lambda items: "{ " + ", ".join(f"{key} = {one}" for key, one in items.items()) + " }"
    )
    return arrays | tables


VALUES = st.recursive(SCALARS, nested, max_leaves=6)
BODIES = st.lists(st.tuples(KEYS, VALUES), max_size=4, unique_by=lambda pair: pair[0])
TABLES = st.lists(st.tuples(st.booleans(), BODIES), max_size=4)


@settings(deadline=None)
@given(BODIES, TABLES)
def test_every_key_of_any_document_has_the_line_it_was_written_on(
    body: list[tuple[str, str]], tables: list[tuple[bool, list[tuple[str, str]]]]
) -> None:
    text, expected = "", {}
    every = [(False, body), *tables]
    for number, (many, pairs) in enumerate(every):
        if number:
            text += f"# [[\n[[many.t]]\n[many.t.{'z' if many else 'y'}]\n"
        for key, value in pairs:
            line = text.count("\n") + 1
            name = next(iter(loads(f"{key} = 1")))
            table: Steps = ("many", "t", number - 1, "z" if many else "y") if number else ()
            path: Steps = (*table, name)
            expected[path] = line
            text += f"{key} = {value} # x = 1\n"
    lines = locate(text)
    assert {path: lines[path] for path in expected} == expected
    assert {path[:DEEPEST] for path in leaves(loads(text))} <= set(lines)


@pytest.mark.parametrize("text", ["", "\n\n", "# only this", "a=1", "[a]", "a={}", "[[a]]\n[[a]]"])
def test_small_texts(text: str) -> None:
    assert set(leaves(loads(text))) <= set(locate(text))
