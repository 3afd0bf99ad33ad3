from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.holders import NOBODY, Held
from collectors.host import Host
from collectors.processes import graphics
from collectors.processes.graphics import Graphics, nodes, parse
from tests.collectors.conftest import Make

KIB = 1024
AMD = "drm-driver:\tamdgpu\ndrm-client-id:\t14\ndrm-pdev:\t0000:03:00.0\n"


def test_each_region_counts_once_and_what_is_there_before_what_was_asked_for() -> None:
    text = (
        f"{AMD}drm-total-vram:\t300 KiB\ndrm-resident-vram:\t200 KiB\ndrm-memory-vram:\t100 KiB\n"
        "drm-total-gtt:\t2 MiB\ndrm-memory-cpu: \t7\ndrm-shared-vram:\t9 KiB\ndrm-total-cycles-rcs:\t99\n"
    )
    found = parse(text.encode())
    assert found == ((b"0000:03:00.0", b"14"), 200 * KIB, 2 * KIB * KIB + 7)


@pytest.mark.parametrize("region", ["vram0", "local0", "stolen-local0"])
def test_memory_of_the_device_is_told_from_the_hosts(region: str) -> None:
    found = parse(f"{AMD}drm-resident-{region}: 5\ndrm-resident-system0: 3\n".encode())
    assert found is not None
    assert found[1:] == (5, 3)


@pytest.mark.parametrize("text", ["", "pos:\t0\nflags:\t02\n", AMD, f"{AMD}drm-engine-gfx:\t1 ns\n"])
def test_a_descriptor_without_memory_is_no_client(text: str) -> None:
    assert parse(text.encode()) is None


@pytest.mark.parametrize(
    "size", ["", "x", "-1", "1 KB", "1 2 KiB", "nan", "18446744073709551615 KiB", "9" * 30]
)
def test_nonsense_is_refused(size: str) -> None:
    with pytest.raises(ValueError, match="/proc/PID/fdinfo: malformed line 'drm-total-vram:"):
        parse(f"{AMD}drm-total-vram: {size}\n".encode())


@given(st.lists(st.sampled_from([b"drm-", b"total-", b"vram", b":", b" ", b"1", b"KiB", b"\n", b"\xff"])))
def test_any_bytes_give_a_client_none_or_a_value_error(pieces: list[bytes]) -> None:
    try:
        found = parse(b"".join(pieces))
        assert found is None or min(found.device, found.system) >= 0
    except ValueError:
        return


def drawn(make: Make, tmp_path: Path, pids: tuple[int, ...] = (7,)) -> Host:
    """Processes that have one client of a GPU open, twice each."""
    files = {"dev/dri/renderD128": ""}
    for pid in pids:
        (tmp_path / f"proc/{pid}/fd").mkdir(parents=True)
        for name in ("3", "4"):
            (tmp_path / f"proc/{pid}/fd/{name}").symlink_to("/dev/dri/renderD128")
            files[f"proc/{pid}/fdinfo/{name}"] = f"{AMD}drm-resident-vram: 5 KiB\n"
    return make(files)


def test_a_client_that_two_processes_share_counts_once(make: Make, tmp_path: Path) -> None:
    found = Graphics(drawn(make, tmp_path, (7, 8)))
    assert found.read({7: 0.0, 8: 0.0}, 0.0) == ([5 * KIB, 0], [])
    assert found.locations == ("device", "system")


def test_a_host_without_gpu_is_asked_nothing(make: Make) -> None:
    found = Graphics(make({"proc/1/stat": ""}))
    assert found.read({1: 0.0}, 0.0) == ([], [])
    assert found.locations == ()


def test_a_closed_descriptor_and_an_ended_process_hold_nothing(make: Make, tmp_path: Path) -> None:
    found = Graphics(drawn(make, tmp_path))
    found.read({7: 0.0, 99: 0.0}, 0.0)
    for name in ("3", "4"):
        (tmp_path / f"proc/7/fdinfo/{name}").unlink()
    assert found.read({7: 0.0, 99: 0.0}, 1.0) == ([0, 0], [])


def test_what_one_process_keeps_secret_makes_no_sum(make: Make, tmp_path: Path) -> None:
    found = Graphics(drawn(make, tmp_path))
    found.read({7: 0.0}, 0.0)
    make({"proc/7/fdinfo/4": f"{AMD}drm-resident-vram: 5 pounds\n"})
    values, (why,) = found.read({7: 0.0}, 0.0)
    assert values == [None, None]
    assert "malformed line 'drm-resident-vram: 5 pounds'" in why


def test_descriptors_are_looked_up_once_a_minute(make: Make, tmp_path: Path) -> None:
    found = Graphics(drawn(make, tmp_path))
    found.read({7: 0.0}, 0.0)
    (tmp_path / "proc/7/fd/9").symlink_to("/dev/dri/renderD129")
    make({"proc/7/fdinfo/9": "drm-pdev: b\ndrm-resident-vram: 1 KiB\n"})
    assert found.read({7: 0.0}, 59.0) == ([5 * KIB, 0], [])
    assert found.read({7: 0.0}, 60.0) == ([6 * KIB, 0], [])


def test_memory_that_nvml_told_is_added_to_that_of_drm(make: Make, tmp_path: Path) -> None:
    host = drawn(make, tmp_path)
    host.holders.tell({"0000:01:00.0": Held(1.0, {7: 3 * KIB})})
    found = Graphics(host)
    assert found.read({7: 0.0}, 1.0) == ([8 * KIB, 0], [])
    host.holders.lapse("asleep")
    assert found.read({7: 0.0}, 2.0) == ([None, 0], ["0000:01:00.0: asleep"])


def test_of_a_host_with_nvidia_alone_only_the_device_is_told(make: Make) -> None:
    host = make({"proc/1/stat": ""})
    found = Graphics(host)
    assert found.read({7: 0.0}, 1.0) == ([], [])
    host.holders.tell({"0000:01:00.0": Held(1.0, {7: 3 * KIB})})
    assert found.read({7: 0.0}, 2.0) == ([3 * KIB], [])
    assert found.locations == ("device",)
    host.holders.tell({})
    assert found.read({7: 0.0}, 3.0) == ([None], [NOBODY])


def test_so_many_descriptors_are_looked_at_and_no_more(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphics, "MOST", 2)
    host = drawn(make, tmp_path)
    for number in range(9):
        (tmp_path / f"proc/7/fd/1{number}").symlink_to("/dev/dri/renderD128")
    assert len(nodes(host, 7)) == 2


def test_this_process_has_no_gpu_open() -> None:
    assert nodes(Host(), os.getpid()) == ()
