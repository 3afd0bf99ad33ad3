"""Settings of endpoints: where a page may be, and what must go together."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import load
from agent.config.endpoints import ENDPOINTS
from agent.config.endpoints import Endpoint as Settings
from agent.config.fault import Faults
from agent.config.settings import Config


def loaded(folder: Path, text: str) -> Config:
    file = folder / "outrider.toml"
    file.write_text(text)
    return load([str(file)])


def faults(folder: Path, text: str) -> str:
    with pytest.raises(Faults) as found:
        loaded(folder, text)
    return str(found.value)


def endpoint(more: str = "", url: str = "http://127.0.0.1:8000/metrics") -> str:
    return f'[[endpoint]]\nname = "chat"\nurl = "{url}"\n{more}'


def test_an_endpoint_and_its_defaults(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").endpoint == ()
    (found,) = loaded(tmp_path, endpoint('preset = "vllm"\n')).endpoint
    assert found == Settings("chat", "http://127.0.0.1:8000/metrics", "vllm")
    assert (found.interval, found.timeout, found.max_size, found.max_series) == (15.0, 3.0, 4 << 20, 200)
    assert not found.remote


def test_everything_given(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret")
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "ca.pem").write_text("certificates")
    more = f"""
interval = "1m"
timeout = 10
max_size = "1 MiB"
include = ["a*"]
exclude = ["ab*"]
labels = ["zone"]
max_series = 5
attributes = {{ "service.name" = "chat" }}
remote = true
token_file = "{tmp_path}/token"
ca_file = "{tmp_path}/ca.pem"
"""
    (found,) = loaded(tmp_path, endpoint(more, "https://gpu.lan/metrics")).endpoint
    assert found.include == ("a*",)
    assert dict(found.attributes) == {"service.name": "chat"}
    assert (found.interval, found.timeout, found.remote) == (60.0, 10.0, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (endpoint(url="ftp://a/"), '"ftp://a/" is no page\'s address'),
        (endpoint(url="http://user:pw@127.0.0.1/"), "holds a login"),
        (endpoint(url="http://10.0.0.1/metrics"), "10.0.0.1 is not on this host"),
        (endpoint('preset = "vlm"\n'), "vllm"),
        (endpoint("timeout = 20\n"), "20s is longer than its interval"),
        (endpoint('ca_file = "/etc/hostname"\n'), "is of no use without TLS"),
        (endpoint('token_file = "/nowhere/token"\n'), "/nowhere/token"),
        (
            endpoint('ca_file = "/nowhere/ca"\n', "https://127.0.0.1/"),
            "/nowhere/ca is missing or cannot be read",
        ),
        (endpoint() + endpoint(), "is that of endpoint[1] too"),
        (endpoint("max_size = 10\n"), "max_size"),
        ('[[endpoint]]\nname = "x"\n', "url"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in faults(tmp_path, text)


def test_a_login_is_not_quoted(tmp_path: Path) -> None:
    assert "hunter2" not in faults(tmp_path, endpoint(url="http://user:hunter2@127.0.0.1/"))


def test_other_hosts_where_they_are_asked_for(tmp_path: Path) -> None:
    (found,) = loaded(tmp_path, endpoint("remote = true\n", "http://10.0.0.1/metrics")).endpoint
    assert found.remote


def test_at_most_so_many(tmp_path: Path) -> None:
    one = '[[endpoint]]\nname = "e{}"\nurl = "http://localhost/"\n'
    assert len(loaded(tmp_path, "".join(one.format(n) for n in range(ENDPOINTS))).endpoint) == ENDPOINTS
    assert str(ENDPOINTS) in faults(tmp_path, "".join(one.format(n) for n in range(ENDPOINTS + 1)))
