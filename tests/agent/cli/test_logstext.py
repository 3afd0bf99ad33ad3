from __future__ import annotations

from datetime import timezone
from pathlib import Path

import pytest

from agent.cli import main
from agent.cli.logstext import Log, as_text
from agent.logs.explain import Chunk, became, explain
from collectors.logs.formats.format import Field
from collectors.logs.formats.guess import named
from collectors.logs.formats.spare import Spare
from collectors.logs.formats.times import Near

LINES = [b'{"took": 19.6, "status": 500, "msg": "full at 7"}'] * 2


def test_it_says_what_lines_became_and_what_is_left_open() -> None:
    near, form = Near(timezone.utc, 1.8e9), named("json", LINES)
    whole = explain(form, [Chunk(b"\n".join([*LINES, b"no JSON"]))], near)
    log = Log(form, "why not", near, "[[logs]]\nname = 'x'", (Field("latency", "took"),))
    spare = [Spare("\x1b[2Jzone", "a", ()), Spare("t", "now", ("time", "message"))]
    rows = list(as_text(log, whole, 2.0, list(became(form, LINES[:1], near)), spare))
    assert rows[0] == "format: json: why not"
    assert rows[3].split() == ["->", "status=500", "latency=19.6", "message=full", "at", "7", "error=500"]
    assert "3 lines, 1 not understood, 2 without a time of their own; 2 lines a second" in rows
    assert "  not understood: no JSON" in rows
    assert "  2 times: full at *" in rows
    assert '  latency = "took in ms"    latency = "took in us"' in rows
    assert '  t, such as now: time = "t" or message = "t"' in rows
    assert not any("\x1b" in row for row in rows)
    assert rows[-2:] == ["  [[logs]]", "  name = 'x'"]


def test_a_stack_trace_is_shown_on_one_line_without_what_joins_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "api.log"
    path.write_text(
        'ERROR:    Exception in ASGI application\nTraceback (most recent call last):\n  File "a.py"\n'
        'ValueError: boom\nINFO:     10.0.0.1:4242 - "GET / HTTP/1.1" 200 OK\n no\n'
    )
    assert main(["logs", "explain", str(path)]) == 0
    told = capsys.readouterr().out
    assert '  File "a.py" \N{DOWNWARDS ARROW WITH CORNER LEFTWARDS} ValueError: boom' in told
    assert "1 times: boom" in told
    assert not {"\x1e", "\N{REPLACEMENT CHARACTER}"} & set(told)
