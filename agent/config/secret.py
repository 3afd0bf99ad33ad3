"""Secrets stand in files of their own, or come as systemd credentials; never in the configuration.

A reference is a path, or `credential:NAME` for the file NAME in systemd's credentials directory.
"""

from __future__ import annotations

from agent.config.names import CREDENTIAL
from agent.config.regular import Unreadable, read_regular

LARGEST = 64 * 1024
OTHERS = 0o077
OTHERS_OF_CREDENTIALS = 0o007  # systemd grants the service's user by an ACL, which shows as group


class SecretRefused(ValueError):  # noqa: N818 - the file is at fault, not the program
    """A secret cannot be had; the message says why and what to do, without the secret."""


def secret_path(reference: str, credentials: str | None) -> str:
    """The file that a reference means.

    Args:
        reference: a path, or `credential:NAME`.
        credentials: systemd's $CREDENTIALS_DIRECTORY; None where there is none.

    Raises:
        SecretRefused: a credential, but no directory of credentials.
    """
    if not reference.startswith(CREDENTIAL):
        return reference
    name = reference[len(CREDENTIAL) :]
    if credentials is None:
        raise SecretRefused(
            f"{reference} is handed over by systemd alone: start the daemon as a service whose unit says "
            f"LoadCredential={name}:/path/of/the/secret"
        )
    return f"{credentials}/{name}"


def read_secret(reference: str, credentials: str | None = None, called: str = "") -> str:
    """The first line of the secret's file; messages say `called` in place of its name, if that is given.

    Raises:
        SecretRefused: it is missing, no regular file, readable by others, empty, too long or no text.
    """
    path = secret_path(reference, credentials)
    name = called or path
    try:
        data, mode = read_regular(path, LARGEST)
    except Unreadable as error:
        raise SecretRefused(f"{name} {error}") from None
    if mode & (OTHERS_OF_CREDENTIALS if reference.startswith(CREDENTIAL) else OTHERS):
        raise SecretRefused(f"{name} is open to others than its owner (mode {mode:04o}): chmod 600 {name}")
    lines = _text(name, data).splitlines()
    if not lines or not lines[0]:
        raise SecretRefused(f"{name} is empty: its first line is the secret")
    return lines[0]


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretRefused(f"{name} is not UTF-8") from None
