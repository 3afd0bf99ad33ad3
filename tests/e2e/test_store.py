"""What happens to the store of a running daemon: copied back, shared, forbidden, full, damaged, too new."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import subscribe

from agent.store.files import store_file
from agent.store.reader import Reader
from agent.store.sizing import MIB
from agent.view.fleet import FleetStore
from tests.agreement import arrived, disagreements
from tests.brokers import Secured
from tests.daemons import Daemon
from tests.disks import BLOCK, copy_with_holes, fill, small_disk, taken
from tests.e2e.conftest import DEVICE, OpenDaemon, OpenSink
from tests.histories import events, windows, windows_pass
from tests.waiting import until

Configured = Callable[[str], list[str]]
NOWHERE = "mqtt://127.0.0.1:1"
FAILED = 1
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB in memory."""
    with small_disk(tmp_path / "disk", 2) as place:
        yield place


def ended(daemon: Daemon) -> int:
    """Its exit code, once it has ended by itself."""
    until(lambda: daemon.child.ended() is not None, daemon.child.tail)
    return daemon.child.process.returncode


def test_a_store_put_back_from_a_copy_gives_no_number_twice_and_the_sink_says_so(
    tmp_path: Path, broker: Secured, daemons: OpenDaemon, sinks: OpenSink, configured: Configured
) -> None:
    sink = sinks(broker.url).start().subscribed()
    daemon = daemons(configured(broker.url)).start()
    with closing(sink.fleet()) as fleet:
        windows_pass(daemon.state, 2)
        daemon.stop()
        shutil.copytree(daemon.state, tmp_path / "yesterday")
        daemon.start()
        windows_pass(daemon.state, 2)
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        daemon.stop()
        shutil.rmtree(daemon.state)
        shutil.copytree(tmp_path / "yesterday", daemon.state)
        daemon.start(ready=False)
        before = windows(daemon.state)
        until(lambda: windows(daemon.state) > before + 1)
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        daemon.stop()
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        assert disagreements(daemon.state, fleet, DEVICE, restored=True) == []
        assert [notice.name for notice in fleet.notices(DEVICE)] == ["restored"]
        until(lambda: "restored dut: went back to an older store" in sink.said(), sink.said)
        assert fleet.devices(0.0)[0].restored == 1
        assert len({key.epoch for key in fleet.spans(DEVICE, "data")}) == 3


def test_a_second_daemon_on_a_store_is_refused_and_the_first_goes_on(
    daemons: OpenDaemon, configured: Configured
) -> None:
    first = daemons(configured(NOWHERE)).start()
    second = daemons(configured(NOWHERE))
    second.child.command[-3] = str(first.state)
    second.child.start()
    assert ended(second) == FAILED
    assert f"process {first.child.pid} keeps its store here" in second.child.tail()
    windows_pass(first.state, 1)


def test_a_state_directory_without_permission_is_named_and_ends_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agent", "run", "--broker", NOWHERE]
    with tempfile.TemporaryDirectory() as reachable:
        state = Path(reachable) / "state"
        state.mkdir(mode=0o700)
        Path(reachable).chmod(0o755)
        if os.geteuid() == 0:
            command = [*NOBODY, *command]
            if subprocess.run([*NOBODY, sys.executable, "-c", "import agent"], check=False).returncode:
                pytest.skip("nobody may not read this repository or its Python")
        else:
            state.chmod(0o000)
        directories = ["--state-dir", str(state), "--runtime-dir", str(tmp_path)]
        command += directories
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == FAILED
    assert f"cannot start: {state}" in ended.stderr
    assert "Permission denied; give this user the right to use it" in ended.stderr
    assert f"runtime.directory {tmp_path}: Permission denied; there is no ring" in ended.stderr


def test_on_a_full_disk_collection_goes_on_beside_readers_and_needs_no_restart_when_there_is_space(
    tmp_path: Path, daemons: OpenDaemon, configured: Configured
) -> None:
    with small_disk(tmp_path / "full", 4) as place:
        daemon = daemons(configured(NOWHERE))
        daemon.state.rmdir()
        (place / "state").mkdir(mode=0o700)
        daemon.state.symlink_to(place / "state")
        daemon.start()
        windows_pass(daemon.state, 1)
        ballast = fill(place)
        with closing(Reader.copy(daemon.state)), store_file(daemon.state).open("rb"):
            windows_pass(daemon.state, 3)
            assert taken(place / "state") <= MIB + BLOCK
        pid = daemon.child.pid
        ballast.unlink()
        windows_pass(daemon.state, 2)
        fill(place)
        windows_pass(daemon.state, 1)
        assert (daemon.child.ended(), daemon.child.pid) == (None, pid)
        assert daemon.stop() == 0
        daemon.start()
        windows_pass(daemon.state, 1)
        assert "full" not in daemon.child.tail()
        daemon.stop()


@pytest.mark.usefixtures("fast_look")
def test_where_nothing_can_be_written_it_lives_on_degraded_until_there_is_space(
    disk: Path, broker: Secured, daemons: OpenDaemon, sinks: OpenSink, configured: Configured
) -> None:
    sink = sinks(broker.url).start().subscribed()
    daemon = daemons(configured(broker.url)).start()
    windows_pass(daemon.state, 1)
    daemon.stop()
    for file in daemon.state.iterdir():
        copy_with_holes(file, disk / file.name)
    shutil.rmtree(daemon.state)
    daemon.state.symlink_to(disk)
    daemon.start()
    ballast = fill(disk)
    with closing(sink.fleet()) as fleet:
        until(lambda: said(fleet)["state"] == "degraded", daemon.child.tail)
        assert said(fleet)["reasons"] == ["store: full"]
        topic = f"outrider/v1/default/{DEVICE}/status"
        retained = subscribe.simple(topic, port=broker.port)  # type: ignore[no-untyped-call]
        assert json.loads(retained.payload) == said(fleet)
        assert "free space on that file system" in daemon.child.tail()
        given = windows(daemon.state)
        ballast.unlink()
        until(lambda: said(fleet)["state"] == "online", daemon.child.tail)
        until(lambda: windows(daemon.state) > given)
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        assert "the store works again" in daemon.child.tail()
        daemon.stop()
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        assert disagreements(daemon.state, fleet, DEVICE) == []


def test_a_damaged_store_is_set_aside_and_a_new_one_begun(
    daemons: OpenDaemon, configured: Configured
) -> None:
    daemon = daemons(configured(NOWHERE)).start()
    daemon.stop()
    damaged = b"\xa5" * 20_000
    store_file(daemon.state).write_bytes(damaged)
    daemon.start()
    assert [file.read_bytes() for file in daemon.state.glob("*.corrupt-*Z")] == [damaged]
    until(lambda: "store.set_aside" in [event.name for event in events(daemon.state)])
    assert "the store was damaged" in daemon.child.tail()
    windows_pass(daemon.state, 1)


def test_a_store_of_a_newer_version_is_refused_untouched(daemons: OpenDaemon, configured: Configured) -> None:
    daemon = daemons(configured(NOWHERE)).start()
    daemon.stop()
    path = store_file(daemon.state)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    daemon.start(ready=False)
    assert ended(daemon) == FAILED
    assert "its format is 99" in daemon.child.tail()
    assert path.read_bytes() == before


def said(fleet: FleetStore) -> dict[str, Any]:
    """The device's last status, as the sink has it."""
    return dict(json.loads(fleet._db.execute("SELECT status FROM devices").fetchone()[0] or "{}"))
