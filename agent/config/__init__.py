"""Settings: frozen structs with defaults, loaded from TOML and flags with every fault named.

Example:
    config = load(["/etc/outrider/outrider.toml"], {"broker.url": "mqtts://broker.example"})
    config.window.span  # 60.0, in seconds
"""

from agent.config.fault import Faults
from agent.config.load import Loaded, load, load_with_origins
from agent.config.secret import SecretRefused, read_secret
from agent.config.settings import Config
from agent.config.tables import Tier

DEFAULT_FILE = "/etc/outrider/outrider.toml"

__all__ = [
    "DEFAULT_FILE",
    "Config",
    "Faults",
    "Loaded",
    "SecretRefused",
    "Tier",
    "load",
    "load_with_origins",
    "read_secret",
]
