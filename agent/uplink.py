"""The broker of a configuration, as the connection wants it: said once for the daemon and the doctor."""

from __future__ import annotations

import os

from agent.config import read_secret
from agent.config.settings import Config
from agent.ship.budget import Allowance
from agent.ship.mqtt import Broker


def broker(config: Config, client_id: str) -> Broker:
    """Where the broker is and how this device is let in; secrets are read at each connection."""
    settings = config.broker
    host, port, tls = config.address
    budget = allowance(config)
    return Broker(
        host=host,
        port=port,
        client_id=client_id,
        tls=tls,
        ca_file=settings.ca_file,
        certificate_file=settings.certificate_file,
        key_file=settings.key_file,
        credentials=lambda: credentials(config),
        keepalive=budget.keepalive(int(settings.keepalive)) if budget else int(settings.keepalive),
        connect_timeout=settings.connect_timeout,
    )


def allowance(config: Config) -> Allowance | None:
    """What may go over the wire, None for no limit."""
    budget = config.ship.budget
    return Allowance(budget.size, budget.seconds) if budget is not None else None


def credentials(config: Config) -> tuple[str, str]:
    """User and password, "" for none.

    Raises:
        SecretRefused: the password's file cannot be used.
    """
    settings = config.broker
    if not settings.password_file:
        return settings.user, ""
    return settings.user, read_secret(settings.password_file, os.environ.get("CREDENTIALS_DIRECTORY"))
