"""What is polled, how often and with which options: the collectors as the configuration has them."""

from __future__ import annotations

from agent.config.settings import Config
from collectors import catalog
from collectors.options import OPTIONS
from collectors.runner import Plan


def plans(config: Config) -> list[Plan]:
    """Every collector that is enabled, in the order of the catalog; its module is loaded here."""
    found = []
    for name in catalog.NAMES:
        polling = config.collect.polling(name)
        if polling.enabled:
            interval = polling.interval or config.collect.interval
            found.append(Plan(catalog.load(name), interval, OPTIONS.get(name)))
    return found
