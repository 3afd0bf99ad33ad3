from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.config import Faults, load
from agent.config.formats import ROLES, own_formats
from collectors.logs.formats.format import Field
from collectors.logs.formats.roles import CLASSES, NUMBERS, OTHERS, OUTCOMES, TEXTS, is_role

RIGHT = """
[[format]]
name = "mine"
kind = "regex"
patterns = ['(?P<latency_ms>\\d+) (?P<route>\\S+) (?P<code>\\d+)']
attributes = ["route"]
family = "http"
fields.status = "code"
fields."feature.x" = "x in ms"
"""


def loaded(tmp_path: Path, text: str) -> dict[str, object]:
    path = tmp_path / "outrider.toml"
    path.write_text(text)
    return dict(own_formats(load([path]).format))


def test_a_format_of_ones_own(tmp_path: Path) -> None:
    form = loaded(tmp_path, RIGHT)["mine"]
    assert form.fields == (  # type: ignore[attr-defined]
        Field("latency", "latency_ms", 1e-3),
        Field("status", "code"),
        Field("feature.x", "x"),
    )
    assert form.attributes == ("route",)  # type: ignore[attr-defined]
    assert form.family == "http"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('kind = "xml"', "json"),
        ("patterns = ['(a+)+b']", "end at several places"),
        ("patterns = ['(']", "is no pattern"),
        ("patterns = 3", "regular expressions"),
        ('fields.colour = "x"', "colour"),
        ('fields.latency = "x in parsecs"', "parsecs"),
        ("fields.latency = 3", "no text"),
        ("attributes = [3]", "is no key"),
        ("attributes = 3", "keys"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(Faults) as found:
        loaded(tmp_path, f'[[format]]\nname = "x"\n{wrong}\n')
    assert said in str(found.value)
    assert "outrider.toml:3" in str(found.value)


def test_what_is_redacted_beside_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "outrider.toml"
    path.write_text("[redact]\npatterns = ['patient-[a-z]+']\nallow = [\"route\"]\n")
    assert load([path]).redact == (("patient-[a-z]+",), ("route",))
    path.write_text("[redact]\npatterns = ['.*a']\n")
    with pytest.raises(Faults, match="power"):
        load([path])


@pytest.mark.parametrize(
    "role",
    [*NUMBERS, *TEXTS, *OTHERS, *OUTCOMES, *CLASSES, "feature.a.b", "category.site", "category.", "class"],
)
def test_every_role_that_a_format_knows_may_be_configured_and_no_other(role: str) -> None:
    assert (re.fullmatch(ROLES, role) is not None) is is_role(role)
