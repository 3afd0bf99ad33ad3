from __future__ import annotations

from agent.config.document import Document
from agent.config.fault import Fault
from agent.config.gather import Gathered


def gathered(*tables: dict[str, object]) -> tuple[Gathered, list[Fault]]:
    faults: list[Fault] = []
    found = Gathered(faults)
    for at, values in enumerate(tables):
        found.add(Document(f"{at}.toml", values, {}))
    return found, faults


def test_a_value_of_a_later_document_wins() -> None:
    found, faults = gathered({"log": {"level": "info"}}, {"log": {"level": "debug"}})
    assert faults == []
    assert found.values["log", "level"].value == "debug"
    assert str(found.values["log", "level"].place) == "1.toml"


def test_tables_of_arrays_are_numbered_across_documents_and_found_in_their_own() -> None:
    found, _ = gathered({"alert": [{"name": "a"}]}, {"alert": [{"name": "b"}, {}]})
    assert found.values["alert", 1, "name"].key == ("alert", 0, "name")
    assert len(found.tables["alert",]) == 3


def test_names_are_those_given_below_a_key() -> None:
    found, _ = gathered({"collectors": {"own": {"enabled": True}, "processes": {"watch": [{"name": "a"}]}}})
    assert found.names(("collectors",)) == ["own", "processes"]


def test_an_attribute_nobody_declares_is_told_with_the_nearest() -> None:
    _, (fault,) = gathered({"attributes": {"network.interface.nam": {"include": []}}})
    assert fault.key == 'attributes."network.interface.nam"'
    assert fault.nearest == "network.interface.name"
