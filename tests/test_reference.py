"""The shipped file and the references say what the structs and registrations say."""

from __future__ import annotations

import pytest

from agent.config.reference import COMMAND, GENERATED, ROOT, Generated


@pytest.mark.parametrize("generated", GENERATED, ids=lambda generated: generated.file)
def test_generated_pages_agree_with_the_code(generated: Generated) -> None:
    text = (ROOT / generated.file).read_text(encoding="utf-8")
    assert text == generated.due(text), f"{generated.file} is out of date: run `{COMMAND}`"
