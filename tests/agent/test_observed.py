"""The host of a configuration; seen from a container's own namespaces, its readings are the host's."""

from __future__ import annotations

from pathlib import Path

from agent.config import Config
from agent.config.settings import Observed
from agent.identity import device_name
from agent.observed import host
from collectors.host import Host


def test_our_own_host_shows_what_it_shows_this_process() -> None:
    found = host(Config())
    assert (found.proc, found.net, found.mounts, found.own) == (
        Path("/proc"),
        Path("/proc/net"),
        Path("/proc/self/mounts"),
        Path("/proc/self"),
    )
    assert not found.other


def test_another_host_is_seen_as_its_first_process_sees_it() -> None:
    found = host(Config(host=Observed("/host")))
    assert (found.root, found.proc, found.sys, found.dev) == tuple(
        Path("/host", name) for name in ("", "proc", "sys", "dev")
    )
    assert (found.net, found.mounts) == (Path("/host/proc/1/net"), Path("/host/proc/1/mounts"))
    assert found.own == Path("/proc/self")


def test_each_tree_may_lie_elsewhere() -> None:
    found = host(Config(host=Observed("/", "/p", "/s", "/d")))
    assert (found.root, found.proc, found.sys, found.dev) == (Path("/"), Path("/p"), Path("/s"), Path("/d"))
    assert found.other
    assert not host(Config(host=Observed("/", "", "/s"))).other


def test_another_host_has_the_name_of_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("cabinet-7\n")
    assert device_name(host(Config(host=Observed(str(tmp_path))))) == "cabinet-7"
    assert device_name(Host(tmp_path), "here") == "here"
