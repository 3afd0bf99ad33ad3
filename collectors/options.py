"""What can be set for a single collector: its name, its type and its default, each said once, here.

`agent/config` gives each its form, its bounds and its meaning; a collector gets its structure as it
stands here. A collector without one has no options but whether and how often it is polled.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Filesystem(NamedTuple):
    """Which file systems are asked."""

    remote: bool = False


OPTIONS: Mapping[str, Any] = MappingProxyType({"filesystem": Filesystem()})
"""The defaults by collector; the type of each is its structure."""
