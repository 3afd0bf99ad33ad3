"""A function in an interpreter of its own: for what can only be measured of a whole process.

A process of the tests is large, does other things, and keeps memory and descriptors of earlier tests.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


def apart(what: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """Call a function of a module there; what it is given and what it returns are pickled.

    Raises:
        BrokenProcessPool: the process ended without an answer.
        Exception: whatever it raises.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(what, *args, **kwargs).result()
