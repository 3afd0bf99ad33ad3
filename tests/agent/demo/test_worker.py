from __future__ import annotations

import asyncio
import threading
import time

import pytest

from agent.demo.worker import QueueFullError, QueueTimeoutError, Worker


def ignored(waited: float) -> None:
    """For who does not ask how long it waited."""


def test_it_answers_and_tells_how_long_it_waited() -> None:
    waits: list[float] = []

    def slow() -> str:
        time.sleep(0.05)
        return threading.current_thread().name

    async def ask() -> tuple[str, str]:
        worker = Worker()
        return await asyncio.gather(
            worker.take(slow, waits.append), worker.take(lambda: "second", waits.append)
        )

    assert tuple(asyncio.run(ask())) == ("model_0", "second")
    assert waits[0] < waits[1]
    assert waits[1] > 0.04


def test_a_call_that_fails_fails_for_its_client_alone() -> None:
    async def ask() -> int:
        worker = Worker(places=1)
        with pytest.raises(ZeroDivisionError):
            await worker.take(lambda: 1 // 0, ignored)
        return await worker.take(lambda: 2, ignored)

    assert asyncio.run(ask()) == 2


def test_who_finds_no_place_is_sent_away() -> None:
    async def ask() -> None:
        worker, end = Worker(places=2), threading.Event()
        inside = [asyncio.ensure_future(worker.take(end.wait, ignored)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError, match="all 2 places in the queue are taken"):
            await worker.take(lambda: True, ignored)
        end.set()
        assert await asyncio.gather(*inside) == [True, True]

    asyncio.run(ask())


def test_who_waited_too_long_is_not_answered() -> None:
    called, waits = [], list[float]()

    async def ask() -> None:
        worker = Worker(patience=0.02)
        first = asyncio.ensure_future(worker.take(lambda: time.sleep(0.05), ignored))
        await asyncio.sleep(0)
        with pytest.raises(QueueTimeoutError, match="still in the queue after 20 ms"):
            await worker.take(lambda: called.append(1), waits.append)
        await first

    asyncio.run(ask())
    assert called == []
    assert waits[0] > 0.02
