"""The golden payloads of the wire: bytes that every later version must read as it did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases" / "wire"


def plain(value: Any) -> Any:
    """Contents and messages as JSON has them: tuples as lists, windows as [series, summary] pairs."""
    if hasattr(value, "_asdict"):
        return {key: plain(each) for key, each in value._asdict().items()}
    if isinstance(value, Mapping):
        if all(isinstance(key, (str, int)) for key in value):
            return {str(key): plain(each) for key, each in value.items()}
        return [[plain(key), plain(each)] for key, each in sorted(value.items())]
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value.hex() if isinstance(value, bytes) else value
