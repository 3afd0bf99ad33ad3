from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.logs.groups import MOST_STATUSES, Groups, Names
from collectors.logs.formats.columns import OTHER
from collectors.logs.formats.format import Field, Format

FORM = Format(
    "x", "json", (Field("model", "m"), Field("status", "s"), Field("level", "l")), attributes=("route",)
)


def kept(key: str, text: str) -> str:
    return text


def hidden(key: str, text: str) -> str:
    return text.replace("secret", "*")


def placed(groups: Groups, texts: list[tuple[str, ...]]) -> NDArray[np.int64]:
    return groups.places(texts, np.arange(len(texts)))


def test_a_label_has_a_group_a_status_and_a_fault() -> None:
    groups = Groups(FORM, 5, kept)
    table = placed(groups, [("a", "ok", "", "/x"), ("a", "500", "", "/x"), ("", "", "ERROR", "")])
    assert [groups.attributes[at] for at in table[:, 0]] == [
        (("model.name", "a"), ("route", "/x")),
        (("model.name", "a"), ("route", "/x")),
        (),
    ]
    assert [groups.statuses.names[at] for at in table[:, 1]] == ["ok", "500", ""]
    assert [groups.faults.names[at] for at in table[:, 2]] == ["", "500", "error"]


def test_beyond_the_most_there_is_one_other_group() -> None:
    groups = Groups(FORM, 2, kept)
    table = placed(groups, [(f"m{number}", "ok", "", "/x") for number in range(10)])
    assert table[:, 0].tolist() == [0, 1] + [2] * 8
    assert groups.attributes[2] == (("model.name", OTHER), ("route", OTHER))


def test_names_are_bounded() -> None:
    names = Names(2)
    assert [names.number(name) for name in ("a", "b", "c", "a", "", "d")] == [2, 3, 1, 2, 0, 1]
    assert names.names == ["", OTHER, "a", "b"]
    assert MOST_STATUSES >= 20


def test_what_may_not_be_kept_is_in_no_attribute() -> None:
    groups = Groups(FORM, 5, hidden)
    placed(groups, [("my secret", "a secret", "", "")])
    assert groups.attributes == [(("model.name", "my *"),)]
    assert groups.statuses.names[-1] == "a *"


def test_who_comes_first_has_a_place_whatever_its_number() -> None:
    groups = Groups(FORM, 1, kept)
    texts = [("a", "", "", ""), ("b", "", "", ""), ("c", "", "", "")]
    assert groups.places(texts, np.array([2, 0, 1, 2]))[:, 0].tolist() == [0, 1, 1, 0]
    assert groups.attributes == [(("model.name", "c"),), (("model.name", OTHER), ("route", OTHER))]
