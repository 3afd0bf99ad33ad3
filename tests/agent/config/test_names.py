from __future__ import annotations

import pytest

from agent.config.fault import Refused
from agent.config.names import Confirm, Name, Path, Url, broker_address


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", " a", "a ", "a\nb", "a\x00", "a\u202eb", "x" * 65, 7])
def test_what_cannot_stand_in_a_topic_is_no_name(name: object) -> None:
    with pytest.raises(Refused):
        Name().read(name)


def test_a_name_may_be_empty_where_that_means_something() -> None:
    assert Name("none").read("") == ""


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://host", ("host", 1883, False)),
        ("mqtts://host/", ("host", 8883, True)),
        ("mqtt://10.0.0.1:1884", ("10.0.0.1", 1884, False)),
        ("mqtts://[2001:db8::1]:1", ("2001:db8::1", 1, True)),
        ("mqtt://host:0", None),
        ("mqtt://host:65536", None),
        ("mqtt://", None),
        ("mqtt://host/path", None),
        ("MQTT://host", None),
        ("http://host", None),
        ("host:1883", None),
        ("mqtt://ho st", None),
    ],
)
def test_a_broker_is_scheme_host_and_port(url: str, address: tuple[str, int, bool] | None) -> None:
    assert broker_address(url) == address


def test_a_login_in_the_url_is_refused_with_advice_and_not_quoted() -> None:
    with pytest.raises(Refused) as raised:
        Url().read("mqtt://me:hunter2@host")
    (refusal,) = raised.value.refusals
    assert "broker.password_file" in refusal.allowed
    assert "hunter2" not in str(refusal)


@pytest.mark.parametrize("path", ["relative", "~/x", "", "/a\nb", "credential:x", 7])
def test_only_absolute_paths_are_taken(path: object) -> None:
    with pytest.raises(Refused):
        Path(required=True).read(path)


@pytest.mark.parametrize("reference", ["/etc/secret", "credential:mqtt", ""])
def test_a_secret_is_a_path_a_credential_or_nothing(reference: str) -> None:
    assert Path(secret=True).read(reference) == reference


@pytest.mark.parametrize("reference", ["hunter2", "credential:", "credential:../x", "credential:a/b"])
def test_a_secret_itself_is_refused_and_not_quoted(reference: str) -> None:
    with pytest.raises(Refused) as raised:
        Path(secret=True).read(reference)
    assert reference not in str(raised.value)


@pytest.mark.parametrize("word", ["", "sink", "sink:", "sink:a/b", "sink:+", "Broker", 1])
def test_confirmation_comes_from_the_broker_or_a_named_sink(word: object) -> None:
    with pytest.raises(Refused):
        Confirm().read(word)
