"""What is stored below a name."""

from __future__ import annotations

from agent.logs.stored import below


def test_what_is_below_a_name_is_known_by_the_rest_of_its_own() -> None:
    stored = {"model/a/x": b"1", "model/a/y/z": b"2", "model/ab/x": b"3", "api/1": b"4"}
    assert below("model/a/", stored) == {"x": b"1", "y/z": b"2"}
    assert below("model/b/", stored) == {}
