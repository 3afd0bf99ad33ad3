from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.logs.groups import MOST_STATUSES, Groups, Names, kept
from agent.stats.topk import KEY_LENGTH
from collectors.logs.formats import record
from collectors.logs.formats.columns import OTHER
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.record import LONGEST_TEXT
from collectors.logs.redact import Redactor

FORM = Format(
    "x", "json", (Field("model", "m"), Field("status", "s"), Field("level", "l")), attributes=("route",)
)


def as_it_is(key: str, text: str) -> str:
    return text


def hidden(key: str, text: str) -> str:
    return text.replace("secret", "*")


def placed(groups: Groups, texts: list[tuple[str, ...]]) -> NDArray[np.int64]:
    return groups.places(texts, np.arange(len(texts)))


def test_a_label_has_a_group_a_status_and_a_fault() -> None:
    groups = Groups(FORM, 5, as_it_is)
    table = placed(groups, [("a", "ok", "", "/x"), ("a", "500", "", "/x"), ("", "", "ERROR", "")])
    assert [groups.attributes[at] for at in table[:, 0]] == [
        (("model.name", "a"), ("route", "/x")),
        (("model.name", "a"), ("route", "/x")),
        (),
    ]
    assert [groups.statuses.names[at] for at in table[:, 1]] == ["ok", "500", ""]
    assert [groups.faults.names[at] for at in table[:, 2]] == ["", "500", "error"]


def test_beyond_the_most_there_is_one_other_group() -> None:
    groups = Groups(FORM, 2, as_it_is)
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
    groups = Groups(FORM, 1, as_it_is)
    texts = [("a", "", "", ""), ("b", "", "", ""), ("c", "", "", "")]
    assert groups.places(texts, np.array([2, 0, 1, 2]))[:, 0].tolist() == [0, 1, 1, 0]
    assert groups.attributes == [(("model.name", "c"),), (("model.name", OTHER), ("route", OTHER))]


SECRETS = (
    ("jane.doe", "jane.doe@mail.example.co.uk"),
    ("4111", "4111 1111 1111 1111"),
    ("4111", "4111111111111111"),
    ("192.", "192.168.17.23"),
    ("+49 ", "+49 30 1234 5678"),
    ("s3cr", "Bearer s3cr3tabcdefghijklmnop"),
    ("eyJh", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def"),
    ("sk-a", "sk-abcdefghijklmnop1234"),
    ("s3cr", "postgres://bob:s3cr3tpass@db/x"),
    ("s3cr", "password=s3cr3t"),
)


@pytest.mark.parametrize(("begin", "secret"), SECRETS)
@pytest.mark.parametrize("padding", ["x ", "a@b.com ", "10.1.2.3 ", "x/"])
def test_no_cut_makes_a_part_of_a_secret_of_one(begin: str, secret: str, padding: str) -> None:
    for before in range(LONGEST_TEXT + 2):
        lead = (padding * LONGEST_TEXT)[:before].rstrip() + " "
        found = kept(Redactor().field, "x", record.text(lead + secret + " end"))
        assert begin not in found, before


def test_a_long_word_is_kept_as_far_as_there_is_room() -> None:
    assert kept(Redactor().field, "x", record.text("w" * 1000)) == "w" * KEY_LENGTH
