"""Names are one level of a topic, differ between boards of one image, and give no id away."""

from __future__ import annotations

from pathlib import Path

from agent.identity import boot_id, device_name
from collectors.host import Host


def board(root: Path, identity: str | None) -> Host:
    (root / "etc").mkdir(parents=True)
    if identity is not None:
        (root / "etc/machine-id").write_text(identity + "\n")
    return Host(root)


def test_two_boards_of_one_image_have_two_names(tmp_path: Path) -> None:
    first = device_name(board(tmp_path / "a", "0" * 32), "raspberrypi")
    second = device_name(board(tmp_path / "b", "1" * 32), "raspberrypi")
    assert first != second
    assert first.startswith("raspberrypi-")
    assert first == device_name(Host(tmp_path / "a"), "raspberrypi")


def test_the_machine_id_does_not_leave_the_machine(tmp_path: Path) -> None:
    identity = "b08dfa6083e7567a1921a715000001fb"
    assert identity[:6] not in device_name(board(tmp_path, identity), "x")


def test_without_an_id_the_host_name_alone_remains(tmp_path: Path) -> None:
    assert device_name(board(tmp_path, None), "cabinet-7") == "cabinet-7"


def test_a_hostile_host_name_makes_no_topic_levels(tmp_path: Path) -> None:
    name = device_name(board(tmp_path, None), "a/b+c#\u202e\x1b" + "x" * 300)
    assert name[:9] == "a-b-c---x"
    assert len(name) == 100


def test_the_boot_id_is_the_kernel_s() -> None:
    assert boot_id(Host()) == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
