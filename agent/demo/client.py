"""One client of the model, and what all of them were answered."""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from collections import Counter
from collections.abc import Mapping

HOST = "127.0.0.1"
PATIENCE = 10.0
"""Seconds until an answer."""
UNANSWERED = "unanswered"


class Counts:
    """Answers by status, of all clients together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: Counter[str] = Counter()

    def add(self, status: str) -> None:
        """One more."""
        with self._lock:
            self._statuses[status] += 1

    def all(self) -> dict[str, int]:
        """How many of each."""
        with self._lock:
            return dict(self._statuses)


class Client:
    """One connection, made again when it was lost."""

    def __init__(self, port: int, site: str, counts: Counts) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        self._site, self._counts = site, counts

    def ask(self, what: Mapping[str, object]) -> str | None:
        """Send a request; its id, if it was answered with a prediction."""
        request_id = uuid.uuid4().hex
        headers = {"content-type": "application/json", "x-request-id": request_id, "x-site": self._site}
        try:
            self._connection.request("POST", "/predict", json.dumps(what), headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._counts.add(UNANSWERED)
            return None
        self._counts.add(str(answer.status))
        return request_id if answer.status == http.client.OK else None

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
