"""The forms of settings that name something outside: topics' levels, files, brokers, sinks."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.config.fault import Refusal, Refused, quoted
from agent.config.forms import Schema, text

CREDENTIAL = "credential:"
NOT_IN_TOPICS = "/+#"
LONGEST_NAME = 64
_URL = re.compile(r"(mqtts?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?/?")


class Name(NamedTuple):
    """A level of a topic: printable, without / + #, of at most 64 characters; "" where `empty`."""

    empty: str = ""

    def read(self, value: object) -> str:
        """The name."""
        reason = _name_reason(value)
        if isinstance(value, str) and (not reason or (self.empty and not value)):
            return value
        raise Refused(Refusal(reason, self.allowed()))

    def allowed(self) -> str:
        """The characters."""
        blank = f", or empty for {self.empty}" if self.empty else ""
        return f"1 to {LONGEST_NAME} printable characters without / + # and outer blanks{blank}"

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "maxLength": LONGEST_NAME, "pattern": "^[^/+#]*$"}


def _name_reason(value: object) -> str:
    """Why this is no level of a topic; empty if it is one."""
    if not isinstance(value, str):
        return f"{quoted(value)} is no text"
    if not value:
        return "is empty"
    if len(value) > LONGEST_NAME:
        return f"has {len(value)} characters"
    if value != value.strip() or not value.isprintable() or any(char in NOT_IN_TOPICS for char in value):
        return f"{quoted(value)} cannot stand in a topic"
    return ""


class Path:
    """An absolute path; empty means not set where the default is empty. With `secret` the file holds
    a secret: credential:NAME is taken too, and the value is never quoted, as a secret pasted here
    by mistake would be printed."""

    def __init__(self, *, secret: bool = False, required: bool = False) -> None:
        self.secret = secret
        self.required = required

    def read(self, value: object) -> str:
        """The path or reference, as it was written."""
        if isinstance(value, str) and (self._is_path(value) or not (value or self.required)):
            return value
        shown = "this" if self.secret else quoted(value)
        raise Refused(Refusal(f"{shown} is no absolute path", self.allowed()))

    def _is_path(self, value: str) -> bool:
        if self.secret and value.startswith(CREDENTIAL):
            return bool(re.fullmatch(r"[A-Za-z0-9_.@-]{1,255}", value[len(CREDENTIAL) :]))
        return value.startswith("/") and value.isprintable() and len(value) < 4096

    def allowed(self) -> str:
        """Which kinds."""
        if self.secret:
            return "/a/file or credential:NAME of systemd, never the secret itself"
        return "a path that begins with /"

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        credential = "|^credential:" if self.secret else ""
        return {"type": "string", "pattern": f"^/{credential}{'' if self.required else '|^$'}"}


class Url:
    """A broker: mqtt://host[:port] or mqtts://host[:port]."""

    def read(self, value: object) -> str:
        """The URL as written; a login inside is refused, and not quoted."""
        if isinstance(value, str) and "@" in value:
            advice = "a URL without a login; set broker.user and broker.password_file"
            raise Refused(Refusal("holds a login, which would show in logs and messages", advice))
        if not isinstance(value, str) or broker_address(value) is None:
            raise Refused(Refusal(f"{quoted(value)} is no broker's address", self.allowed()))
        return value

    def allowed(self) -> str:
        """The schemes."""
        return '"mqtt://host[:port]", or "mqtts://host[:port]" for TLS'

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "pattern": "^mqtts?://[^@]+$"}


def broker_address(url: str) -> tuple[str, int, bool] | None:
    """Host, port (1883, or 8883 with TLS, unless given) and whether it is TLS; None if malformed."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    tls = match[1] == "mqtts"
    port = int(match[3]) if match[3] else (8883 if tls else 1883)
    return (match[2].strip("[]"), port, tls) if 0 < port < 65536 else None


class Confirm:
    """Whose word counts: "broker", or "sink:NAME"."""

    def read(self, value: object) -> str:
        """The word."""
        if value == "broker":
            return "broker"
        if isinstance(value, str) and value.startswith("sink:") and not _name_reason(value[5:]):
            return value
        raise Refused(Refusal(f"{quoted(value)} is neither of them", self.allowed()))

    def allowed(self) -> str:
        """Both."""
        return '"broker", or "sink:NAME" with a name that can stand in a topic'

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "pattern": "^(broker|sink:[^/+#]+)$"}
