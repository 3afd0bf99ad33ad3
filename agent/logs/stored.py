"""What an earlier life stored, by names in which `/` leads downwards."""

from __future__ import annotations

from collections.abc import Mapping


def below(prefix: str, stored: Mapping[str, bytes]) -> dict[str, bytes]:
    """What is stored under names that begin so, by the rest of them."""
    return {name.removeprefix(prefix): state for name, state in stored.items() if name.startswith(prefix)}
