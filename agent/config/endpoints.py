"""Settings of the pages of model servers that are fetched: where they are, what is taken, their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from agent.config.fault import Refusal, Refused, quoted
from agent.config.forms import Choice, Duration, Flag, Schema, Size, Text, Whole, text
from agent.config.logs import ATTRIBUTE
from agent.config.names import Name, Path
from agent.config.patterns import Patterns
from agent.config.section import Pairs, Section, Setting, section
from collectors.endpoints.address import address_of
from collectors.endpoints.presets import NAMES

ENDPOINTS = 16
NONE = "none"
KIB, MIB = 1024, 1024 * 1024


class PageUrl:
    """A page: http://host[:port][/path], or https."""

    def read(self, value: object) -> str:
        """The URL as written; a login inside is refused, and not quoted."""
        if isinstance(value, str) and "@" in value:
            advice = "a URL without a login; set token_file"
            raise Refused(Refusal("holds a login, which would show in logs and messages", advice))
        if not isinstance(value, str) or address_of(value) is None:
            raise Refused(Refusal(f"{quoted(value)} is no page's address", self.allowed()))
        return value

    def allowed(self) -> str:
        """The schemes."""
        return '"http://host[:port]/path", or "https://..." for TLS'

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "pattern": "^https?://[^@#]+$"}


class Endpoint(NamedTuple):
    """A model server's page for Prometheus; collectors/endpoints/README.md says what becomes of it."""

    name: Annotated[
        str, Setting(Name(), "What it is called: the attribute endpoint.name of all its series.", '"chat"')
    ]
    url: Annotated[
        str,
        Setting(PageUrl(), "Where its page is.", '"http://127.0.0.1:8000/metrics"'),
    ]
    preset: Annotated[
        str,
        Setting(
            Choice(NONE, *NAMES),
            "The server whose metrics are known: they get the names that logs of the same server have.",
        ),
    ] = NONE
    interval: Annotated[float, Setting(Duration(1, 3600), "How often it is fetched.")] = 15.0
    timeout: Annotated[
        float,
        Setting(
            Duration(0.1, 60), "How long a page may take in all, from the name's look-up to its last byte."
        ),
    ] = 3.0
    max_size: Annotated[int, Setting(Size(64 * KIB, 64 * MIB), "How long a page may be, packed or not.")] = (
        4 * MIB
    )
    include: Annotated[
        tuple[str, ...],
        Setting(
            Patterns(),
            "Further metrics that are taken, by the server's names; without a preset, empty means all.",
        ),
    ] = ()
    exclude: Annotated[
        tuple[str, ...],
        Setting(Patterns(), "Metrics that are left out, by the server's names; they win."),
    ] = ()
    labels: Annotated[
        tuple[str, ...],
        Setting(
            Patterns(),
            "Further labels that tell series apart, beside those that the preset knows; empty: none, but all "
            "for metrics that no preset knows.",
        ),
    ] = ()
    max_series: Annotated[
        int, Setting(Whole(1, 10_000), "Series that are told apart; the rest is counted under `other`.")
    ] = 200
    attributes: Annotated[
        Mapping[str, str],
        Setting(
            Pairs(Text(128), 8, ATTRIBUTE, "1 to 64 letters, digits and . _ -"),
            "Attributes of all its series.",
            '"service.name" = "chat"',
        ),
    ] = MappingProxyType({})
    remote: Annotated[
        bool, Setting(Flag(), "Whether it may be on another host; otherwise only this one is asked.")
    ] = False
    token_file: Annotated[
        str,
        Setting(
            Path(secret=True),
            "A file whose first line is sent as bearer token, readable by its owner alone (mode 0600 or "
            "0400), or credential:NAME for one that systemd hands over.",
        ),
    ] = ""
    ca_file: Annotated[
        str,
        Setting(
            Path(), "Certificates (PEM) that an https:// server is checked against; empty: the system's."
        ),
    ] = ""


def endpoint_section() -> Section:
    """The settings of one endpoint."""
    return section(Endpoint)
