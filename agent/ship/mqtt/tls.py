"""TLS to a broker, the same for devices and subscribers: whom we trust, and what we show of ourselves."""

from __future__ import annotations

import ssl
from typing import NamedTuple


class Papers(NamedTuple):
    """Files in PEM: the authorities that the broker is checked against, "" for the system's; our own
    certificate and its key, "" for none."""

    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""


def context(papers: Papers, called: Papers) -> ssl.SSLContext:
    """At least TLS 1.2; the broker's certificate and name are checked.

    Args:
        papers: the files.
        called: what people set each of them by, for messages.

    Raises:
        ValueError: a file cannot be read or used; names the setting.
    """
    try:
        made = ssl.create_default_context(cafile=papers.ca_file or None)
    except OSError as error:
        raise ValueError(f"{called.ca_file} {papers.ca_file}: {error.strerror}") from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if papers.certificate_file:
        try:
            made.load_cert_chain(papers.certificate_file, papers.key_file or None)
        except OSError as error:
            files = f"{called.certificate_file} {papers.certificate_file}, "
            files += f"{called.key_file} {papers.key_file or 'not set'}"
            raise ValueError(f"{files}: {error.strerror}") from error
    return made
