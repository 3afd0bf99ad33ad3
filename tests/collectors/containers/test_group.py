from __future__ import annotations

from pathlib import Path

from collectors.api import Absence
from collectors.cgroups import trees
from collectors.containers.accounts import Shape
from collectors.containers.group import Group, Kind
from collectors.containers.metrics import IO, LIMIT, MEMORY, STALLED, TASKS
from collectors.host import Host
from tests.collectors.conftest import Make

BASE = "sys/fs/cgroup"
PATH = "/system.slice/x.service"
FILES = {
    f"{BASE}/cgroup.controllers": "cpu memory pids\n",
    f"{BASE}{PATH}/cpu.stat": "usage_usec 3\nuser_usec 2000000\nsystem_usec 1000000\n",
    f"{BASE}{PATH}/memory.current": "1000\n",
    f"{BASE}{PATH}/memory.stat": "anon 1\ninactive_file 300\n",
    f"{BASE}{PATH}/memory.max": "max\n",
    f"{BASE}{PATH}/pids.current": "5\n",
}


def group(host: Host) -> Group:
    return Group(Kind(host, trees(host), Shape(100, frozenset())), PATH, "x", "systemd")


def read(group: Group) -> dict[str, float | None]:
    """Values by the metric's name and last attribute."""
    found = group.read()
    assert found is not None
    names = (f"{each.name} {each.attributes[-1][1]}" for each in group.series)
    return dict(zip(names, found[0], strict=True))


def test_a_group_has_the_accounts_whose_controllers_are_on(make: Make) -> None:
    found = group(make(FILES))
    assert read(found) == {
        "container.cpu.time user": 2.0,
        "container.cpu.time system": 1.0,
        "container.memory.usage systemd": 1000,
        "container.memory.working_set systemd": 700,
        "container.thread.count systemd": 5,
    }
    assert {STALLED, IO} <= {*found.lacks()}
    assert not {MEMORY, TASKS} & {*found.lacks()}
    found.close()


def test_a_limit_comes_and_goes_with_the_look(make: Make) -> None:
    found = group(make(FILES))
    before = found.series
    make({f"{BASE}{PATH}/memory.max": "4096\n"})
    found.look()
    assert found.series[-1].name == LIMIT.name
    assert read(found)["container.memory.limit systemd"] == 4096
    with_limit = found.series
    found.look()
    assert found.series is with_limit
    make({f"{BASE}{PATH}/memory.max": "max\n"})
    found.look()
    assert found.series == before
    found.close()


def test_a_malformed_limit_is_said_at_every_poll(make: Make) -> None:
    found = group(make(FILES | {f"{BASE}{PATH}/memory.max": "a lot\n"}))
    for _ in range(2):
        said = found.read()
        assert said is not None
        assert said[1] == [Absence(LIMIT.name, "x: memory.max: malformed line 'a lot\\n'")]
    found.close()


def test_each_account_falls_out_alone(make: Make, tmp_path: Path) -> None:
    host = make(FILES)
    found = group(host)
    make({f"{BASE}{PATH}/memory.current": "nan\n"})
    (tmp_path / f"{BASE}{PATH}/pids.current").unlink()
    said = found.read()
    assert said is not None
    assert said[0] == [2.0, 1.0, None, None, None]
    assert [each.what for each in said[1]] == [MEMORY.name, "container.memory.working_set", TASKS.name]
    found.close()


def test_a_group_that_vanished_is_gone(make: Make, tmp_path: Path) -> None:
    found = group(make(FILES))
    read(found)
    (tmp_path / f"{BASE}{PATH}").rename(tmp_path / "elsewhere")
    found.close()
    assert found.read() is None


def test_controllers_that_come_later_are_seen_by_the_look(make: Make) -> None:
    found = group(make(FILES))
    make({f"{BASE}{PATH}/io.stat": "8:0 rbytes=1 wbytes=2\n"})
    assert "container.disk.io read" not in read(found)
    found.look()
    assert read(found)["container.disk.io read"] == 1
    found.close()
