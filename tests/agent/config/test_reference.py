from __future__ import annotations

import pytest

from agent.config.reference import (
    BEGIN,
    END,
    Generated,
    log_metrics_table,
    main,
    metrics_tables,
    settings_tables,
    table,
)
from collectors.catalog import NAMES, load
from collectors.logs.formats.roles import ERRORS, LATENCY, NUMBERS, REQUESTS, TEMPLATES


def test_only_what_stands_between_the_marks_is_written() -> None:
    generated = Generated("page.md", lambda: "new", marked=True)
    due = generated.due(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert due == f"before\n{BEGIN}\n\nnew\n{END}\nafter\n"
    assert generated.due(due) == due


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_marks_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"page\.md: the marks"):
        Generated("page.md", lambda: "new", marked=True).due(text)


def test_a_cell_cannot_end_its_table() -> None:
    assert list(table(("a", "b"), [("x|y", "two\nlines")])) == [
        "| a | b |",
        "|---|---|",
        "| x\\|y | two lines |",
    ]


def test_every_metric_of_every_collector_is_listed() -> None:
    page = metrics_tables()
    assert [
        metric.name for name in NAMES for metric in load(name).metrics if f"| `{metric.name}` |" not in page
    ] == []
    assert "`outrider.up`" in page


def test_every_metric_of_logs_is_listed_once() -> None:
    rows = [line.split("`")[1] for line in log_metrics_table().splitlines()[2:]]
    assert len(rows) == len(set(rows))
    assert {role.metric for role in NUMBERS.values()} | set(LATENCY.values()) < set(rows)
    assert {REQUESTS.name, ERRORS.name, TEMPLATES.name, "model.feature.NAME"} < set(rows)


def test_every_setting_is_listed_with_its_default() -> None:
    assert '| `broker.keepalive` | `"60s"` | 5s to 1h |' in settings_tables()
    assert "`collectors.NAME.enabled`" in settings_tables()


def test_nothing_is_to_write_where_all_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out == ""
