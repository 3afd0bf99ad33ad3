from __future__ import annotations

import json

from agent.demo.client import UNANSWERED, Client, Counts
from agent.demo.iris import flowers
from agent.demo.stage import Stage


def test_it_counts_what_it_is_answered(served: Stage) -> None:
    counts = Counts()
    client = Client(served.port, "greenhouse-1", counts)
    asked = client.ask({"features": flowers()[0].features})
    assert client.ask({"features": {}}) is None
    assert client.ask({}) is None
    client.close()
    assert counts.all() == {"200": 1, "400": 1, "500": 1}
    logged = [json.loads(line) for line in served.model.read_text().splitlines()]
    assert [(line["status"], line["site"]) for line in logged] == [
        (status, "greenhouse-1") for status in (200, 500, 400)
    ]
    assert logged[0]["request_id"] == asked
    ports = {line.split(" - ")[0] for line in served.access.read_text().splitlines()}
    assert len(ports) == 1, "the connection was kept"


def test_a_server_that_is_not_there_is_counted(port: int) -> None:
    counts = Counts()
    client = Client(port, "greenhouse-1", counts)
    assert client.ask({"features": flowers()[0].features}) is None
    assert counts.all() == {UNANSWERED: 1}
