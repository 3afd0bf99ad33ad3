from __future__ import annotations

from agent.config.fault import Fault, Faults, Place, dotted, nearest, quoted


def test_a_fault_tells_place_key_reason_allowed_and_nearest() -> None:
    fault = Fault(Place("a.toml", 3), "log.level", '"loud" is none of them', '"info"', "info")
    assert str(fault) == 'a.toml:3: log.level: "loud" is none of them, allowed: "info", did you mean "info"?'
    assert str(Fault(Place("a.toml"), "", "is no file")) == "a.toml: is no file"


def test_faults_stand_in_the_order_of_the_lines() -> None:
    faults = Faults(
        [Fault(Place("a", 10), "x", "no"), Fault(Place("a", 9), "y", "no"), Fault(Place("a"), "", "no")]
    )
    assert str(faults) == "a: no\na:9: y: no\na:10: x: no"


def test_keys_are_quoted_where_toml_would_quote_them() -> None:
    assert dotted(["a", "b-c_1", "d e", "f.g", ""]) == 'a.b-c_1."d e"."f.g".""'


def test_values_are_quoted_on_one_line_without_steering_characters() -> None:
    assert quoted('a\n\x1b[2J\u202e"') == '"a\\u000a\\u001b[2J\\u202e\\""'
    assert quoted("x" * 1000) == '"' + "x" * 57 + '..."'
    assert (quoted(True), quoted({}), quoted([1]), quoted(10**400)) == (
        "true",
        "a table",
        "an array",
        "a number beyond 64 bits",
    )


def test_nearest_finds_a_slip_and_not_a_stranger() -> None:
    assert nearest("keep_alive", ["keepalive", "user"]) == "keepalive"
    assert nearest("colour", ["device", "log"]) == ""
