from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from agent.ship.mqtt.tls import Papers, context
from tests.certificates import Authority

CALLED = Papers("--ca", "--certificate", "--key")


def test_the_broker_is_checked_and_old_tls_is_refused(tmp_path: Path) -> None:
    made = context(Papers(str(Authority(tmp_path).certificate)), CALLED)
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2
    assert made.cert_store_stats()["x509_ca"] == 1


def test_without_a_file_the_authorities_of_the_system_are_trusted() -> None:
    assert context(Papers(), CALLED).cert_store_stats() == ssl.create_default_context().cert_store_stats()


def test_a_missing_file_is_named_by_its_setting(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours, none = authority.sign("device"), str(tmp_path / "none")
    with pytest.raises(ValueError, match=f"^--ca {none}: No such file"):
        context(Papers(none), CALLED)
    with pytest.raises(ValueError, match=f"^--certificate {none}, --key not set: No such file"):
        context(Papers("", none), CALLED)
    with pytest.raises(ValueError, match=f"^--certificate {ours.certificate}, --key {none}: No such file"):
        context(Papers("", str(ours.certificate), none), CALLED)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours, other = authority.sign("device"), authority.sign("other")
    with pytest.raises(ValueError, match="--key"):
        context(Papers("", str(ours.certificate), str(other.key)), CALLED)
