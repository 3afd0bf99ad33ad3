"""The model's server, a program of its own: POST /predict by uvicorn, one JSON line a request in its log.

    {"time":"2026-05-04T09:12:31.402Z","model":"iris","version":"1","request_id":"6f1c...",
     "site":"greenhouse-1","status":200,"latency_ms":0.412,"queue_ms":0.093,"preprocess_ms":0.021,
     "inference_ms":0.081,"batch_size":1,"prediction":"setosa","confidence":0.8755,
     "features":{"sepal_length":5.1,...}}

A request that failed has `exception` and `message` in place of the prediction. uvicorn's own access log,
without times, is the other file.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from agent.demo.model import InvalidArgument, Model
from agent.demo.query import LARGEST, QueryError
from agent.demo.rotating import KEPT, SIZE, Lines
from agent.demo.visit import Visit
from agent.demo.worker import QueueFullError, QueueTimeoutError, Worker

HOST = "127.0.0.1"
PATH = "/predict"
IDLE = 600
"""Seconds that a connection is kept without a request; uvicorn's own 5 would end one now and then."""
NAMES = {b"x-request-id": "request_id", b"x-site": "site"}
LONGEST = 64
"""Bytes of such a name."""
STATUS: dict[type[Exception], HTTPStatus] = {
    QueryError: HTTPStatus.BAD_REQUEST,
    ValueError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidArgument: HTTPStatus.INTERNAL_SERVER_ERROR,
    QueueFullError: HTTPStatus.SERVICE_UNAVAILABLE,
    QueueTimeoutError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What the client is told of what went wrong."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class App:
    """The ASGI application.

    Args:
        model: answers.
        worker: runs it.
        log: gets a line for each request that was one for the model.
    """

    def __init__(self, model: Model, worker: Worker, log: Lines) -> None:
        self._model, self._worker, self._log = model, worker, log

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if (scope["method"], scope["path"]) != ("POST", PATH):
            await reply(send, HTTPStatus.NOT_FOUND, {"error": f"only POST {PATH} is known here"})
            return
        body = await whole(receive)
        if body is None:
            await reply(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"more than {LARGEST} bytes"})
            return
        visit = Visit(body)
        status, wrong = HTTPStatus.OK, {}
        try:
            answer = await self._worker.take(lambda: visit.run(self._model), visit.waited)
        except tuple(STATUS) as error:
            status, answer = STATUS[type(error)], {"error": str(error)}
            wrong = {"exception": type(error).__name__, "message": str(error)}
        model = {"model": self._model.name, "version": self._model.version}
        self._log.write({**model, **named(scope), "status": int(status), **wrong, **visit.fields()})
        await reply(send, status, answer)


def named(scope: Message) -> dict[str, str]:
    """What the client calls the request and itself, as far as it does."""
    return {NAMES[key]: value[:LONGEST].decode("latin-1") for key, value in scope["headers"] if key in NAMES}


async def whole(receive: Receive) -> bytes | None:
    """A request's body, or None if it is too long, then without having kept it."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        size += len(message.get("body", b""))
        if size <= LARGEST:
            parts.append(message.get("body", b""))
    return b"".join(parts) if size <= LARGEST else None


async def reply(send: Send, status: HTTPStatus, answer: object) -> None:
    """Send an answer as JSON."""
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


def logging_to(access: Path) -> dict[str, Any]:
    """Uvicorn's own configuration of its logs, but the access log in a file that is rotated."""
    settings = copy.deepcopy(LOGGING_CONFIG)
    settings["formatters"]["access"]["use_colors"] = False
    settings["handlers"]["access"] = {
        "formatter": "access",
        "class": "logging.handlers.RotatingFileHandler",
        "filename": str(access),
        "maxBytes": SIZE,
        "backupCount": KEPT,
    }
    return settings


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m agent.demo.server", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help=f"where to listen on {HOST}")
    parser.add_argument("--log", type=Path, required=True, help="the file of the JSON lines")
    parser.add_argument("--access-log", type=Path, required=True, help="the file of uvicorn's access log")
    parser.add_argument("--size", type=int, default=SIZE, help="bytes of the JSON lines' file (%(default)s)")
    args = parser.parse_args()
    app = App(Model(), Worker(), Lines(args.log, args.size))
    uvicorn.run(
        app,
        host=HOST,
        port=args.port,
        lifespan="off",
        log_config=logging_to(args.access_log),
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
