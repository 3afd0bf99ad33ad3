"""The host of a configuration: our own, or the one that a container was given to look at."""

from __future__ import annotations

from pathlib import Path

from agent.config.settings import Config
from collectors.host import Host


def host(config: Config) -> Host:
    """Where the observed host's files lie; another one than ours where the root or `/proc` is another."""
    where = config.host
    return Host(
        where.root,
        proc=Path(where.proc) if where.proc else None,
        sys=Path(where.sys) if where.sys else None,
        dev=Path(where.dev) if where.dev else None,
        other=where.root.strip("/") != "" or where.proc != "",
    )
