from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.secret import LARGEST, SecretRefused, read_secret, secret_path


def written(file: Path, data: bytes = b"hunter2\n", mode: int = 0o600) -> str:
    file.write_bytes(data)
    file.chmod(mode)
    return str(file)


@pytest.mark.parametrize("data", [b"hunter2", b"hunter2\n", b"hunter2\r\n# note\n"])
def test_the_first_line_is_the_secret(tmp_path: Path, data: bytes) -> None:
    assert read_secret(written(tmp_path / "s", data)) == "hunter2"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o777])
def test_a_secret_open_to_others_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "s", mode=mode)
    with pytest.raises(SecretRefused) as raised:
        read_secret(file)
    assert str(raised.value) == f"{file} is open to others than its owner (mode {mode:04o}): chmod 600 {file}"


def test_messages_name_the_file_as_they_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        SecretRefused, match=r"^THIS is open to others than its owner \(mode 0644\): chmod 600 THIS$"
    ):
        read_secret(written(tmp_path / "s", mode=0o644), None, "THIS")


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_secret_of_its_owner_alone_is_taken(tmp_path: Path, mode: int) -> None:
    assert read_secret(written(tmp_path / "s", mode=mode)) == "hunter2"


def test_a_credential_lies_in_systemds_directory(tmp_path: Path) -> None:
    """systemd grants the service's user by an ACL, whose mask shows as the group's permission."""
    written(tmp_path / "mqtt", mode=0o440)
    assert secret_path("credential:mqtt", str(tmp_path)) == str(tmp_path / "mqtt")
    assert read_secret("credential:mqtt", str(tmp_path)) == "hunter2"


def test_a_credential_readable_by_all_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "mqtt", mode=0o444)
    with pytest.raises(SecretRefused, match="open to others"):
        read_secret("credential:mqtt", str(tmp_path))


def test_a_credential_without_systemd_says_what_the_unit_needs() -> None:
    with pytest.raises(SecretRefused, match="LoadCredential=mqtt:"):
        read_secret("credential:mqtt", None)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\nhunter2", "is empty"),
        (b"\xff", "not UTF-8"),
        (b"x" * (LARGEST + 1), "larger than"),
    ],
)
def test_what_is_no_secret_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(SecretRefused, match=why):
        read_secret(written(tmp_path / "s", data))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretRefused, match="No such file"):
        read_secret(str(tmp_path / "absent"))
    with pytest.raises(SecretRefused, match="no regular file"):
        read_secret(str(tmp_path))
