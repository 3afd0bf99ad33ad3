"""An endpoint of the configuration as the reader of pages takes it; only who fetches pages imports this."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.config.endpoints import NONE, Endpoint
from agent.config.secret import SecretRefused, read_secret
from collectors.endpoints.address import address_of
from collectors.endpoints.client import Bounds, Client
from collectors.endpoints.plan import Choice
from collectors.endpoints.reply import Failed

CREDENTIALS = "CREDENTIALS_DIRECTORY"


def choice(endpoint: Endpoint) -> Choice:
    """What is taken of an endpoint's page."""
    return Choice(
        "" if endpoint.preset == NONE else endpoint.preset,
        endpoint.include,
        endpoint.exclude,
        endpoint.labels,
        (("endpoint.name", endpoint.name), *endpoint.attributes.items()),
        endpoint.max_series,
    )


def client(endpoint: Endpoint, clock: Callable[[], float]) -> Client:
    """Who fetches an endpoint's page, with a clock in s that only goes forward.

    Raises:
        ValueError: the URL never went through the loader and is malformed.
    """
    address = address_of(endpoint.url)
    if address is None:
        raise ValueError(f"endpoint {endpoint.name}: {endpoint.url!r} is no page's address")
    bounds = Bounds(endpoint.timeout, endpoint.max_size, endpoint.remote)
    return Client(address, bounds, clock, endpoint.ca_file)


def token(endpoint: Endpoint, environment: Mapping[str, str]) -> Callable[[], str] | None:
    """What reads the bearer's token, None where there is none; for each page, as such files are renewed. It
    raises `Failed` where the file cannot be used, and may hang where its disk does."""
    if not endpoint.token_file:
        return None

    def read() -> str:
        try:
            return read_secret(endpoint.token_file, environment.get(CREDENTIALS))
        except SecretRefused as refused:
            raise Failed("token", str(refused)) from None

    return read
