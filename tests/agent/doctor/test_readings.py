"""Collectors that do well, lack something, find nothing, and fail."""

from __future__ import annotations

from agent.doctor.readings import Told, examine


def test_those_that_do_well_are_one_finding() -> None:
    (only,) = examine([Told("cpu", 18), Told("memory", 11)])
    assert (only.level, only.text) == ("ok", "29 series read by cpu, memory")


def test_nothing_of_a_kind_is_a_note_without_advice() -> None:
    (only,) = examine([Told("gpu_amd", 0, nothing="no card")])
    assert (only.level, only.advice) == ("note", "")


def test_a_failure_is_a_problem_with_its_reason() -> None:
    (only,) = examine([Told("wear", 0, fault="PermissionError: [Errno 13] Permission denied")])
    assert only.level == "problem"
    assert "service allow" in only.advice


def test_each_reason_of_absence_is_said_once_with_all_that_lacks() -> None:
    absences = (("hw.energy", "Permission denied"), ("hw.power", "Permission denied"), ("hw.fan", "no fan"))
    first, second, last = examine([Told("power", 3, absences)])
    assert (first.level, "hw.energy, hw.power" in first.text) == ("warning", True)
    assert (second.level, second.text) == ("note", "power lacks hw.fan: no fan")
    assert last.level == "ok"


def test_a_hang_says_that_the_others_go_on() -> None:
    (only,) = examine([Told("filesystem", 0, fault="no answer for 5 s")])
    assert "the others go on" in only.advice
