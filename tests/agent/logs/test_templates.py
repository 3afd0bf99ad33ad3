from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.logs.templates import LONGEST_EXAMPLE, LONGEST_TEXT, MEMORY, Templates
from collectors.logs.redact import LONGEST, Redactor
from collectors.logs.tail.joined import SHOWN


def templates(most: int = 5) -> Templates:
    return Templates(most, Redactor().text)


def test_a_template_has_its_count_and_when_it_was_seen() -> None:
    found = templates()
    for at, number in ((120.0, 1), (60.0, 2), (300.0, 3)):
        found.add(f"request {number} failed", at)
    (template,) = found.top()
    assert (template.count, template.first, template.last) == (3, 60.0, 300.0)
    assert (template.text, template.example) == ("request * failed", "request 1 failed")


def test_texts_of_several_lines_are_told_on_one() -> None:
    found = templates()
    found.add("failed at 17\n  in f\x1eagain", 60.0)
    (template,) = found.top()
    assert template.example == f"failed at 17{SHOWN}  in f{SHOWN}again"
    assert not {"\n", "\x1e"} & set(template.text)


def test_examples_are_short_and_redacted() -> None:
    found = templates()
    found.add("x " * 500 + "from 10.0.0.1", 0.0)
    found.add("peer 10.0.0.1 gone", 0.0)
    examples = {template.example for template in found.top()}
    assert max(map(len, examples)) <= LONGEST_EXAMPLE
    assert "peer [ip] gone" in examples


def test_no_cut_makes_a_part_of_an_address_of_one() -> None:
    found = Templates(8, Redactor().text)
    secret = "jane.doe@mail.example.co.uk"
    for before in (LONGEST_TEXT - 4, LONGEST - 4):
        # What is taken out makes the text shorter: its end comes within what is told.
        lead = ("a" * 60 + "@b.com ") * 100
        found.add(lead[:before].rsplit(" ", 1)[0].ljust(before) + secret, 0.0)
    (template,) = found.top()
    assert template.count == 2
    assert "jane" not in template.text + template.example


def test_the_most_frequent_survive_ten_thousand_others() -> None:
    found = templates(8)
    for at in range(10_000):
        found.add("word " + "".join(chr(97 + int(digit)) for digit in str(at)), 0.0)
        if at % 4 == 0:
            found.add("the frequent one", 0.0)
    assert found.top()[0].text == "the frequent one"
    assert len(found._found) <= 16
    assert len(found._known) <= MEMORY


@given(st.lists(st.sampled_from("abcdefghijklmnop"), max_size=300))
def test_counts_are_never_too_high_and_nothing_is_lost(words: list[str]) -> None:
    found = templates(3)
    for word in words:
        found.add(f"failed on {word}", 0.0)
    assert sum(each.count for each in found._found.values()) + found.other == len(words)
    for each in found.top():
        assert each.count <= words.count(each.text.rpartition(" ")[2])
