from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import Absence, Metric
from collectors.host import Host
from collectors.numbers import (
    KEPT,
    Number,
    Numbers,
    Sleeper,
    apart,
    at_most,
    folders,
    scaled,
    sleeper,
    word,
)
from tests.collectors.conftest import Make

METRIC = Metric("hw.voltage", "V", "gauge", ("hw.id",), "a file", "Made up.")


def number(path: Path, name: str = "a", **more: Any) -> Number:
    """A voltage in thousandths."""
    return Number(METRIC.of(**{"hw.id": name}), path, 1e-3)._replace(**more)


def descriptors(folder: Path) -> int:
    """How many are of files in this folder: other threads of the process open and close theirs meanwhile."""
    paths = (Path("/proc/self/fd") / number for number in os.listdir("/proc/self/fd"))
    return sum(path.is_symlink() and str(folder) in str(path.readlink()) for path in paths)


def test_each_is_absent_alone(make: Make, tmp_path: Path) -> None:
    host = make({"good": "5000\n", "word": "five\n", "empty": "", "high": "1e9\n"})
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    names = ("good", "word", "empty", "high", "folder", "fifo", "missing")
    numbers = Numbers(host, [number(tmp_path / name, name, high=1e5) for name in names])
    values, absences = numbers.read()
    numbers.close()
    assert values == [5.0, *[None] * 6]
    assert [each.what for each in absences] == ["hw.voltage"] * 6
    reasons = [
        "malformed line 'five",
        "malformed line ''",
        "1e+06 V cannot be",
        "Is a dir",
        "no regular",
        "No such",
    ]
    assert [word for word, each in zip(reasons, absences, strict=True) if word not in each.reason] == []


def test_the_layout_stays_the_same_object_while_nothing_changes(make: Make, tmp_path: Path) -> None:
    host = make({"a": "1\n", "b": "2\n"})
    numbers = Numbers(host, [number(tmp_path / "a")])
    series = numbers.series
    numbers.arrange([number(tmp_path / "a")])
    assert numbers.series is series
    numbers.arrange([number(tmp_path / "a"), number(tmp_path / "b", "b")])
    assert len(numbers.series) == 2
    assert numbers.read() == ([0.001, 0.002], ())
    numbers.close()


def test_of_two_of_one_series_the_first_is_taken(make: Make, tmp_path: Path) -> None:
    numbers = Numbers(make({"a": "1\n", "b": "2\n"}), [number(tmp_path / "a"), number(tmp_path / "b")])
    assert numbers.read() == ([0.001], ())
    numbers.close()


def test_few_descriptors_are_kept_however_many_files(make: Make, tmp_path: Path) -> None:
    names = [f"n{place}" for place in range(500)]
    host = make(dict.fromkeys(names, "1000\n"))
    numbers = Numbers(host, [number(tmp_path / name, name) for name in names])
    for _ in range(2):
        assert numbers.read() == ([1.0] * 500, ())
        assert descriptors(tmp_path) == KEPT
    numbers.arrange([])
    assert descriptors(tmp_path) == 0
    assert numbers.read() == ([], ())


@pytest.mark.parametrize("state", ["suspended", "suspending"])
def test_what_sleeps_is_not_read_and_is_named_once(make: Make, tmp_path: Path, state: str) -> None:
    host = make({"status": state + "\n", "a": "1000\n"})
    device = Sleeper("0000:01:00.0", tmp_path / "status")
    missing = [number(tmp_path / name, name, device=device) for name in ("gone", "lost")]
    numbers = Numbers(host, [*missing, number(tmp_path / "a")])
    assert numbers.read() == ([None, None, 1.0], (Absence("0000:01:00.0", "asleep"),))
    make({"status": "active\n", "gone": "2000\n", "lost": "3000\n"})
    assert numbers.read() == ([2.0, 3.0, 1.0], ())
    (tmp_path / "status").unlink()
    numbers.close()
    assert numbers.read() == ([2.0, 3.0, 1.0], ())
    numbers.close()


def test_who_may_sleep_is_what_the_kernel_may_put_to_sleep(make: Make, tmp_path: Path) -> None:
    host = make({"power/runtime_status": "active\n"})
    expected = Sleeper("x", tmp_path / "power/runtime_status")
    assert sleeper(host, tmp_path, "x") == expected
    make({"power/runtime_status": "suspended\n"})
    assert sleeper(host, tmp_path, "x") == expected
    make({"power/control": "on\n"})
    assert sleeper(host, tmp_path, "x") is None
    make({"power/control": "auto\n", "power/runtime_status": "unsupported\n"})
    assert sleeper(host, tmp_path, "x") is None


def test_a_word_is_harmless_and_what_cannot_be_read_is_told(make: Make, tmp_path: Path) -> None:
    host = make(
        {
            "name": " core temp \n",
            "odd": "\x1b[31mred\u202e\n",
            "tree": "nvidia,ga10b\0nvidia,gpu\0",
            "none": "",
        }
    )
    (tmp_path / "folder").mkdir()
    said: list[Absence] = []
    assert word(host, tmp_path / "name", said) == "core temp"
    assert word(host, tmp_path / "odd", said) == "?[31mred?"
    assert word(host, tmp_path / "tree", said) == "nvidia,ga10b"
    assert word(host, tmp_path / "missing", said) == ""
    assert said == []
    assert word(host, tmp_path / "none", said) == ""
    assert word(host, tmp_path / "folder", said) == ""
    assert [each.what for each in said] == ["none", "folder"]
    assert word(host, tmp_path / "folder") == ""


def test_folders_come_in_the_order_of_their_numbers(make: Make, tmp_path: Path) -> None:
    host = make({f"{name}/x": "" for name in ("cpu10", "cpu2", "cpufreq", "xcpu1")})
    assert [each.name for each in folders(host, tmp_path, r"cpu(\d+)")] == ["cpu2", "cpu10"]
    assert folders(host, tmp_path / "none", r"cpu(\d+)") == []
    assert folders(host, tmp_path / "cpu2/x", r"cpu(\d+)") == []


def test_names_are_told_apart() -> None:
    assert apart(["Fan", "LCD", "Fan", "Fan"]) == ["Fan", "LCD", "Fan#2", "Fan#3"]


def test_those_left_out_are_told() -> None:
    said: list[Absence] = []
    every = [number(Path("x"), str(place)) for place in range(5)]
    assert at_most(5, every, said) == every
    assert said == []
    assert at_most(2, every, said) == every[:2]
    assert said == [Absence("hw.voltage", "3 more are left out: 2 is the most")]
    assert at_most(2, [], said) == []


@given(st.binary(max_size=40))
def test_any_bytes_are_a_finite_number_or_a_value_error(text: bytes) -> None:
    try:
        value = scaled(number(Path("x")), text)
    except ValueError:
        return
    assert math.isfinite(value)


def test_a_host_of_another_root_has_files_of_its_own(tmp_path: Path) -> None:
    assert word(Host(tmp_path), tmp_path / "sys/none") == ""
