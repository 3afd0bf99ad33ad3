from __future__ import annotations

import os
from pathlib import Path

import pytest

from collectors import cgroups
from collectors.api import NoData
from collectors.cgroups import trees, unit, walk
from collectors.host import Host
from tests.broken import let_in, with_nobody
from tests.collectors.conftest import Make

BASE = "sys/fs/cgroup"


def test_one_tree_with_every_controller_is_version_two(make: Make) -> None:
    host = make({f"{BASE}/cgroup.controllers": "cpu memory\n"})
    found = trees(host)
    assert found.version == 2
    assert {found.roots[each] for each in ("cpu", "memory", "systemd")} == {host.sys / "fs/cgroup"}


def test_a_tree_for_each_controller_is_version_one(make: Make) -> None:
    host = make({f"{BASE}/{each}/tasks": "" for each in ("memory", "cpu,cpuacct", "systemd")})
    found = trees(host)
    assert found.version == 1
    assert {name: root.name for name, root in found.roots.items()} == {
        "memory": "memory",
        "cpuacct": "cpu,cpuacct",
        "cpu": "cpu,cpuacct",
        "systemd": "systemd",
    }
    assert found.any.name == "memory"


@pytest.mark.parametrize("files", [{}, {f"{BASE}/freezer/tasks": ""}])
def test_no_tree_is_no_data(make: Make, files: dict[str, str]) -> None:
    with pytest.raises(NoData, match="holds no control groups"):
        trees(make(files))


def test_folders_come_nearest_first_and_closed_ones_stay_closed(tmp_path: Path) -> None:
    for path in ("b/one/two", "a/x", "c.scope/inner"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "a/file").touch()
    (tmp_path / "a/link").symlink_to(tmp_path / "b")
    found = walk(tmp_path, lambda path: path.endswith(".scope"))
    assert found == (["/a", "/b", "/c.scope", "/a/x", "/b/one", "/b/one/two"], ())


def test_a_walk_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "MOST", 5)
    for path in ("a/one", "a/two", "b/one", "b/two", "b/three/deep", "c"):
        (tmp_path / path).mkdir(parents=True)
    found = walk(tmp_path)
    assert found.paths == ["/a", "/b", "/c", "/a/one", "/a/two"]
    assert found.faults == (f"{tmp_path}: 5 groups were looked at, at least 3 more were not",)


def test_a_walk_of_just_as_many_as_there_may_be_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "MOST", 3)
    for path in ("a/one", "b"):
        (tmp_path / path).mkdir(parents=True)
    assert walk(tmp_path) == (["/a", "/b", "/a/one"], ())


def test_a_folder_of_any_size_is_listed_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "MOST_LISTED", 10)
    for number in range(25):
        (tmp_path / str(number)).mkdir()
    found = walk(tmp_path)
    assert len(found.paths) == 10
    assert found.faults == (f"{tmp_path}: 10 groups were looked at, at least 1 more were not",)


def test_no_more_folders_are_touched_than_may_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "MOST", 20)
    for number in range(500):
        (tmp_path / f"{number}/inner").mkdir(parents=True)
    touched: list[str] = []
    stat = os.stat

    def counted(path: str) -> os.stat_result:
        touched.append(path)
        return stat(path)

    monkeypatch.setattr(os, "stat", counted)
    assert len(walk(tmp_path).paths) == 20
    assert len(touched) == 21  # with the root


def test_a_walk_does_not_go_deeper_than_any_group_lies(tmp_path: Path) -> None:
    (tmp_path / "/".join("d" * 30)).mkdir(parents=True)
    assert len(walk(tmp_path).paths) == cgroups.DEEP


def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to become somebody else")
    let_in(tmp_path)
    (tmp_path / "closed/inner").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    with_nobody(wanted=True)
    try:
        found = walk(tmp_path)
    finally:
        with_nobody(wanted=False)
    assert found.paths == ["/closed"]
    assert "Permission denied" in found.faults[0]


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        walk(tmp_path / "none")


def test_this_machine_has_what_its_own_group_says() -> None:
    found = trees(Host())
    own = Path("/proc/self/cgroup").read_text().splitlines()
    path = next(
        line.split(":", 2)[2]
        for line in own
        if line.startswith("0::" if found.version == 2 else "") and (found.version == 2 or ":memory:" in line)
    )
    assert path == "/" or path in walk(found.any).paths or len(walk(found.any).paths) >= cgroups.MOST


def test_a_name_that_systemd_had_to_change_is_read_as_it_was() -> None:
    assert unit("/system.slice/_memory.service") == "memory.service"
    assert unit("/system.slice/ollama.service") == "ollama.service"
