from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest

from agent.demo.query import LARGEST
from agent.demo.stage import Stage

FEATURES = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


class Answer(NamedTuple):
    status: int
    body: Mapping[str, object]
    lines: list[dict[str, object]]


class Asking:
    """A connection, and what the model's log got by each request on it."""

    def __init__(self, served: Stage) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
        self.log = served.model

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def __call__(self, body: bytes, path: str = "/predict", method: str = "POST", **headers: str) -> Answer:
        before = len(self.lines())
        self.connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = self.connection.getresponse()
        said = json.loads(answer.read())
        return Answer(answer.status, said, [json.loads(line) for line in self.lines()[before:]])


@pytest.fixture
def ask(served: Stage) -> Iterator[Asking]:
    asking = Asking(served)
    yield asking
    asking.connection.close()


def test_a_flower_is_answered_and_logged(ask: Asking) -> None:
    body = json.dumps({"features": FEATURES}).encode()
    answer = ask(body, x_request_id="r-1", x_site="greenhouse-1")
    assert answer.status == 200
    assert answer.body["species"] == "setosa"
    (line,) = answer.lines
    expected = {
        "model": "iris", "version": "1", "request_id": "r-1", "site": "greenhouse-1", "status": 200,
        "batch_size": 1, "prediction": "setosa", "confidence": 0.8755, "features": FEATURES,
    }  # fmt: skip
    assert line.items() >= expected.items()
    times = [line[f"{name}_ms"] for name in ("queue", "preprocess", "inference")]
    assert all(isinstance(time, float) for time in times)


@pytest.mark.parametrize(
    ("body", "status", "exception", "message"),
    [
        (b"{", 400, "QueryError", "not JSON"),
        (b'{"features":{"petal_width":NaN}}', 422, "ValueError", "input is not finite: petal_width"),
        (b'{"features":{"petal_width":1}}', 500, "InvalidArgument", "Got: 1 Expected: 4"),
    ],
)
def test_what_went_wrong_is_answered_and_logged(
    ask: Asking, body: bytes, status: int, exception: str, message: str
) -> None:
    answer = ask(body)
    assert answer.status == status
    assert message in str(answer.body["error"])
    (line,) = answer.lines
    assert (line["status"], line["exception"]) == (status, exception)
    assert line["message"] == answer.body["error"]
    assert "request_id" not in line


def test_many_are_answered_at_once(ask: Asking) -> None:
    answer = ask(json.dumps({"flowers": [list(FEATURES.values())] * 300}).encode())
    assert answer.body == {"species": ["setosa"] * 300}
    assert [line["batch_size"] for line in answer.lines] == [300]


def test_a_body_that_is_too_long_is_not_kept(ask: Asking) -> None:
    answer = ask(b"[" * (LARGEST + 1))
    assert (answer.status, answer.lines) == (413, [])


@pytest.mark.parametrize(("path", "method"), [("/", "POST"), ("/predict", "GET")])
def test_another_path_is_none_of_the_models(ask: Asking, path: str, method: str) -> None:
    answer = ask(b"", path, method)
    assert (answer.status, answer.lines) == (404, [])


def test_a_name_is_cut(ask: Asking) -> None:
    (line,) = ask(b"{}", x_request_id="x" * 1000).lines
    assert line["request_id"] == "x" * 64


def test_the_access_log_is_uvicorns_own(ask: Asking, served: Stage) -> None:
    ask(b"{}")
    last = served.access.read_text().splitlines()[-1]
    assert last.startswith("INFO:     127.0.0.1:")
    assert last.endswith('"POST /predict HTTP/1.1" 400 Bad Request')
