from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.cli import INTERRUPTED, READER_GONE, USAGE, VERBS, main, overview, version

ROOT = Path(__file__).parents[3]


def outrider(*words: str, program: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program] if program else [sys.executable, "-m", "agent"]
    return subprocess.run([*command, *words], capture_output=True, text=True, cwd=ROOT, check=False)


def test_the_overview_has_every_verb_with_its_line() -> None:
    told = overview()
    for name, verb in VERBS.items():
        assert re.search(rf"^  {name} +{re.escape(verb.brief)}$", told, re.MULTILINE)


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_goes_to_stdout_and_is_no_fault(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 0
    assert capsys.readouterr().out == overview()


def test_no_word_at_all_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == USAGE
    assert capsys.readouterr().err == overview()


def test_an_unknown_verb_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["histroy"]) == USAGE
    assert 'Did you mean "history"?' in capsys.readouterr().err
    assert main(["\x1b[2J"]) == USAGE
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_one_word(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 0
    assert capsys.readouterr().out == f"outrider {version()}\n"


def test_help_imports_no_verb() -> None:
    program = "import sys, agent.cli; agent.cli.main(['--help']); print(*sys.modules, sep='\\n')"
    assert "agent.cli." not in outrider(program=program).stdout


def test_a_verb_imports_no_other() -> None:
    program = "import sys, agent.cli; agent.cli.main(['config', 'default']); print(*sys.modules, sep='\\n')"
    loaded = set(re.findall(r"(?m)^agent\.cli\.\w+$", outrider(program=program).stdout))
    assert loaded == {"agent.cli.config", "agent.cli.flags"}


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "agent", "config", "default"],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (READER_GONE, b"")


@pytest.fixture
def verb_that(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A module of verbs of our own in place of `check`'s: set its `act`."""
    module = SimpleNamespace(act=lambda: 0)

    def add(parser: argparse.ArgumentParser, verb: str) -> None:
        parser.set_defaults(run=lambda _args: module.act())

    module.add = add
    monkeypatch.setitem(sys.modules, VERBS["check"].module, module)
    return module


def test_what_a_verb_answers_is_the_exit_code(verb_that: SimpleNamespace) -> None:
    verb_that.act = lambda: 7
    assert main(["check"]) == 7


def test_ctrl_c_ends_it_quietly(verb_that: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    verb_that.act = interrupted
    assert main(["check"]) == INTERRUPTED
    assert capsys.readouterr() == ("", "")


def test_a_broken_pipe_elsewhere_is_not_hidden(verb_that: SimpleNamespace) -> None:
    def broken() -> int:
        raise BrokenPipeError("a socket")

    verb_that.act = broken
    with pytest.raises(BrokenPipeError, match="a socket"):
        main(["check"])


def test_flags_are_not_guessed_from_their_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--conf", "x"])
    assert ended.value.code == USAGE
