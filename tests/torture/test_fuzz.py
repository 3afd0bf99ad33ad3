"""Three seconds of broken files for each collector; `make torture` gives each ten minutes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from collectors import catalog
from tests.broken import files
from tests.casebook import cases

SECONDS = int(os.environ.get("OUTRIDER_FUZZ_SECONDS", "3"))
READ = [name for name in catalog.NAMES if any(files(case.source) for case in cases(name))]
TRIED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)


@pytest.mark.atheris
@pytest.mark.parametrize("name", READ)
def test_whatever_its_files_say_a_collector_answers_soundly(name: str, repository: Path) -> None:
    fuzz = repository / "tests/torture/fuzz.py"
    command = [sys.executable, str(fuzz), name, "--seconds", str(SECONDS), "--seed", "1"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    tried = TRIED.search(done.stderr)
    assert tried is not None, done.stderr[-4000:]
    assert int(tried[1]) > 50 * SECONDS
    print(f"{name}: {tried[1]} inputs in {SECONDS} s")
