"""JSON lines."""

from __future__ import annotations

import json
from collections import Counter

from agent.tables.choice import Choice, Names
from agent.tables.chunk import CELLS
from agent.tables.objects import flat, read


def columns(text: bytes, names: Names, troubles: Counter[str]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for chunk in read([text], names, troubles):
        for name, cells in chunk.columns.items():
            found.setdefault(name, []).extend(cells)
    return found


def test_values_by_name_and_none_where_there_is_none() -> None:
    text = b'{"a": 1, "b": "x", "c": true}\r\n\n{"a": 2.5, "c": null}\n{"b": "y", "c": false}'
    assert columns(text, Names(Choice()), Counter()) == {
        "a": [1, 2.5, None],
        "b": ["x", None, "y"],
        "c": ["true", None, "false"],
    }


def test_features_within_an_object() -> None:
    text = b'{"id": 7, "features": {"a": 1, "deep": {"b": 2}}, "label": "cat"}\n'
    found = columns(text, Names(Choice(prediction="label")), Counter())
    assert found == {"a": [1], "deep.b": [2], "prediction": ["cat"]}


def test_lines_that_are_no_object_are_counted() -> None:
    troubles = Counter[str]()
    nested = b'{"a":' * 100_000
    text = b"\n".join([b'{"a": 1}', b"[1]", b'{"a": ', b"\xff", nested, b'{"a": NaN}', b'{"a": Infinity}'])
    found = columns(text, Names(Choice()), troubles)["a"]
    assert found[0] == 1
    assert str(found[1:]) == "[nan, inf]"
    assert troubles == {"lines that are no JSON object": 4}


def test_a_byte_order_mark_is_no_fault() -> None:
    troubles = Counter[str]()
    assert columns(b'\xef\xbb\xbf{"a": 1}\n', Names(Choice()), troubles) == {"a": [1]}
    assert not troubles


def test_lists_are_no_features() -> None:
    names = Names(Choice())
    assert columns(b'{"a": [1, 2]}\n{"a": 3}\n', names, Counter()) == {"a": [None, 3]}
    assert names.left_out == {"a": "it holds lists or deep objects"}


def test_objects_that_are_too_deep_stay_whole() -> None:
    row: dict[str, object] = {"x": 1}
    for _ in range(10):
        row = {"o": row}
    assert flat(row) == {"o." * 7 + "o": {"o": {"o": {"x": 1}}}}


def test_ever_new_names_are_bounded() -> None:
    names = Names(Choice(), most=100)
    rows = [{f"f{start + n}": n for n in range(1000)} for start in range(0, 10_000, 1000)]
    text = b"\n".join(json.dumps(row).encode() for row in rows)
    found = columns(text, names, Counter())
    assert len(found) == 100
    assert names.refused + len(names.left_out) == 9900


def test_chunks_keep_to_their_cells() -> None:
    text = b'{"a":1,"b":2,"c":3,"d":4}\n' + b"{}\n" * 100_000
    sizes = [chunk.rows for chunk in read([text], Names(Choice()), Counter())]
    assert sum(sizes) == 100_001
    assert max(sizes) == CELLS // 4
