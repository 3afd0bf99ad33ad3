"""The device's store: history and spool in one bounded file."""

from agent.store.errors import (
    CorruptRow,
    StoreBusy,
    StoreCorrupt,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreTooNew,
)
from agent.store.flush import Flush, Flushed
from agent.store.reader import Reader, Stored
from agent.store.sizing import Limits
from agent.store.store import Store

__all__ = [
    "CorruptRow",
    "Flush",
    "Flushed",
    "Limits",
    "Reader",
    "Store",
    "StoreBusy",
    "StoreCorrupt",
    "StoreDenied",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreTooNew",
    "Stored",
]
