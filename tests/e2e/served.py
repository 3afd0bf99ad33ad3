"""A small application that real servers serve, by ASGI and by WSGI: it answers what the path says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

PAUSE = 0.05
"""Seconds that an answer takes."""
Start = Callable[[str, list[tuple[str, str]]], object]


async def asgi(
    scope: Mapping[str, Any],
    receive: Callable[[], Awaitable[Mapping[str, Any]]],
    send: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> None:
    """`/503` is answered with the status 503."""
    if scope["type"] != "http":
        return
    await receive()
    await asyncio.sleep(PAUSE)
    head = {
        "type": "http.response.start",
        "status": int(scope["path"][1:]),
        "headers": [(b"content-length", b"0")],
    }
    await send(head)
    await send({"type": "http.response.body", "body": b""})


def wsgi(environ: Mapping[str, str], start: Start) -> Iterable[bytes]:
    """The same."""
    time.sleep(PAUSE)
    start(f"{environ['PATH_INFO'][1:]} said", [("Content-Length", "0")])
    return []
