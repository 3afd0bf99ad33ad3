"""What is polled, how often and with which options: the collectors as the configuration has them."""

from __future__ import annotations

from agent.config.settings import Config
from collectors import catalog
from collectors.schedule import Plan
from collectors.selection import Patterns, Selection


def plans(config: Config) -> list[Plan]:
    """Every collector that is enabled, in the order of the catalog; its module is loaded here."""
    found = []
    for name in catalog.NAMES:
        polling = config.polling(name)
        if polling.enabled:
            interval = polling.interval or config.collect.interval
            found.append(Plan(catalog.load(name), interval, polling.options))
    return found


def selection(config: Config) -> Selection:
    """Which series are kept, whichever collector reads them."""
    attributes = {key: Patterns(*picked) for key, picked in config.attributes.items()}
    return Selection(Patterns(*config.metrics), attributes)
