"""What the reader of pages is told of an endpoint."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from agent.config.endpoints import Endpoint
from agent.config.fetched import choice, client, token
from collectors.endpoints.reply import Failed


def test_what_is_taken() -> None:
    endpoint = Endpoint("chat", "http://localhost/", "vllm", attributes={"service.name": "s"}, max_series=7)
    found = choice(endpoint)
    assert (found.preset, found.attributes) == ("vllm", (("endpoint.name", "chat"), ("service.name", "s")))
    assert found.most == 7
    assert choice(Endpoint("a", "http://localhost/")).preset == ""


def test_who_fetches_it() -> None:
    with closing(client(Endpoint("a", "http://192.0.2.1/"), time.monotonic)) as made:
        with pytest.raises(Failed) as failed:
            made.fetch()
        assert failed.value.reason == "remote"
    with pytest.raises(ValueError, match=r"endpoint a: 'ftp://b/' is no page's address"):
        client(Endpoint("a", "ftp://b/"), time.monotonic)


def read(endpoint: Endpoint, environment: Mapping[str, str] = {}) -> str:
    reads = token(endpoint, environment)
    assert reads is not None
    return reads()


def test_tokens(tmp_path: Path) -> None:
    file = tmp_path / "token"
    endpoint = Endpoint("a", "http://localhost/", token_file=str(file))
    assert token(endpoint._replace(token_file=""), {}) is None
    with pytest.raises(Failed) as failed:
        read(endpoint)
    assert failed.value.reason == "token"
    file.write_text("s3cret\nmore")
    file.chmod(0o600)
    assert read(endpoint) == "s3cret"
    handed = endpoint._replace(token_file="credential:token")
    assert read(handed, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "s3cret"
