"""Kill the daemon at its K-th write, sync or send, for K over whole flush-and-ship cycles.

    python tests/torture/crash.py --points 1000 --seed 1

strace sends SIGKILL as the K-th `pwrite64`, `fdatasync` or `sendto` of a thread begins. Then the
daemon is started again and left alone until the sink has everything; its own history and the sink's
must then agree to the last bit: each number once, the same sums, nothing torn. The sink dies in turn,
too: by `kill -9`, or at a K-th call of its own. Several devices suffer side by side, each with a workload
of its own (`workload.py`) on one store for some rounds, and then another begins with the making of its
store. Where the broker's word is taken for arrival, a sink that dies may miss some: it must know which.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.view.broker import Broker
from agent.view.fleet import FleetStore
from tests.agreement import arrived, disagreements
from tests.daemons import Daemon
from tests.sinks import Sink
from tests.torture.workload import Workload, drawn
from tests.waiting import until

# How a life goes at a window a second (seen with strace): 845 writes make a store, of which most are
# its growth; then about 20 writes, 2 syncs and 2 sends a second, and more where the log is brought
# into the database, each fourth second.
LIVES = (("pwrite64", 130, 6), ("fdatasync", 14, 2), ("sendto", 14, 2))
MAKING = ("pwrite64", 900)
ROUNDS_OF_A_STORE = 8
PATIENCE = 90.0
RECOVERIES = 3
# A sink that dies may take messages with it that the broker has acknowledged. It asks for them after
# a minute; here it need not wait so long.
HOLE_AFTER = 3.0


class Point(NamedTuple):
    """Where to die: as the `when`-th such call of a thread begins."""

    syscall: str
    when: int

    def strace(self) -> tuple[str, ...]:
        """The command under which a process dies there. It stays our child: strace is beside it."""
        return (
            "strace", "-D", "-f", "-qq", "-o", "/dev/null",
            "-e", f"trace={self.syscall}", "-e", f"inject={self.syscall}:signal=KILL:when={self.when}",
        )  # fmt: skip


def points(count: int, reach: float = 1.0) -> list[Point]:
    """So many points, spread evenly over the calls, those of about the same moment together.

    `reach` is how far into `LIVES` they go.
    """
    total = sum(share for _, _, share in LIVES)
    spread: list[tuple[float, Point]] = []
    for at, (syscall, latest, share) in enumerate(LIVES):
        before = sum(each[2] for each in LIVES[:at])
        n = count * (before + share) // total - count * before // total
        spread += [(k / n, Point(syscall, 1 + int(k * latest * reach / n))) for k in range(n)]
    return [point for _, point in sorted(spread)]


class Patient:
    """One device that is killed again and again, on one store."""

    def __init__(self, name: str, directory: Path, url: str, workload: Workload) -> None:
        directory.mkdir()
        config = directory / "outrider.toml"
        config.write_text(workload.toml())
        self.name = name
        self.workload = workload
        self.state = directory / "state"
        self.lives = 0
        self._directory = directory
        self._arguments = ["--config", str(config), "--broker", url, "--device", name]

    def daemon(self, before: tuple[str, ...] = ()) -> Daemon:
        """The daemon, not yet started; its words of an earlier life are not taken for its own."""
        (self._directory / "notify").unlink(missing_ok=True)
        self.lives += 1
        return Daemon(self._directory, self._arguments, before)

    def arrived(self, fleet: FleetStore) -> bool:
        """Whether the sink knows of everything that the device has given by now."""
        return arrived(self.state, fleet, self.name, missing=not self.workload.certain)

    def disagreements(self, fleet: FleetStore) -> list[str]:
        """How its history and the sink's differ."""
        return disagreements(self.state, fleet, self.name, missing=not self.workload.certain)


class Ward:
    """The broker, the sink, and the devices that suffer side by side."""

    def __init__(self, directory: Path, broker: Broker, sink: Sink, beside: int, random: Random) -> None:
        self._random = random
        self.counts = {"killed": 0, "survived": 0, "sink killed": 0, "stores": 0, "again": 0}
        self._directory = directory
        self._broker = broker
        self._sink = sink
        self._patients = [self._admitted() for _ in range(beside)]
        self._rounds = 0

    def round(self, chosen: list[Point], fleet: FleetStore) -> None:
        """Die at these points, one a device; recover, and compare."""
        self._rounds += 1
        self._patients = [
            each if each.lives < 2 * ROUNDS_OF_A_STORE else self._admitted() for each in self._patients
        ]
        suffering = list(zip(self._patients, chosen, strict=False))
        dying = [
            patient.daemon(self._making(patient, point).strace()).start(ready=False)
            for patient, point in suffering
        ]
        self._endanger_sink(chosen[0])
        for daemon in dying:
            self._died(daemon)
        self._revive_sink()
        self._recover([patient for patient, _ in suffering], fleet)

    def _endanger_sink(self, point: Point) -> None:
        """Every second round it runs so that it dies at such a point as well."""
        if self._rounds % 2 == 0:
            self._sink.close()
            self._sink.start(point.strace())

    def _revive_sink(self) -> None:
        """It runs, after `kill -9` if it survived its round, or as the devices come back."""
        if self._rounds % 4 == 1:
            return
        if self._sink.child.ended() is None:
            self._sink.kill()
        self.counts["sink killed"] += self._sink.child.ended() == -9
        self._sink.start()

    def _admitted(self) -> Patient:
        """A new device without a store."""
        self.counts["stores"] += 1
        name = f"d{self.counts['stores']}"
        return Patient(name, self._directory / name, self._broker.url, drawn(self._random))

    def _making(self, patient: Patient, point: Point) -> Point:
        """A first life makes the store, so its calls are others."""
        if patient.lives or point.syscall != MAKING[0]:
            return point
        return Point(MAKING[0], point.when * MAKING[1] * patient.workload.size // LIVES[0][1])

    def _died(self, daemon: Daemon) -> None:
        try:
            until(lambda: daemon.child.ended() is not None, within=PATIENCE / 3)
            self.counts["killed"] += daemon.child.ended() == -9
        except AssertionError:
            self.counts["survived"] += 1
        daemon.close()

    def _recover(self, patients: list[Patient], fleet: FleetStore) -> None:
        """Start all again until the sink has everything, and compare.

        What one could not send as it ended waits for its next start, so it may take two.
        """
        for _ in range(RECOVERIES):
            self._live(patients, fleet)
            waiting = [each for each in patients if not self._said_all(each, fleet)]
            for patient in (each for each in patients if each not in waiting):
                differing = patient.disagreements(fleet)
                assert not differing, f"{patient.name} {patient.workload}: " + "; ".join(differing[:5])
            patients = waiting
            self.counts["again"] += len(waiting)
        assert not patients, "; ".join(self._why(each, fleet) for each in patients)

    def _live(self, patients: list[Patient], fleet: FleetStore) -> None:
        """Start them, wait until the sink has what they have, and end them in good order."""
        daemons = [patient.daemon().start(ready=False) for patient in patients]
        for patient, daemon in zip(patients, daemons, strict=True):
            daemon.told("READY", "1")
            self._wait(patient, fleet)
            assert daemon.stop() == 0, daemon.child.tail()
            daemon.close()

    def _said_all(self, patient: Patient, fleet: FleetStore) -> bool:
        try:
            until(lambda: patient.arrived(fleet), within=1.0)
        except AssertionError:
            return False
        return True

    def _wait(self, patient: Patient, fleet: FleetStore) -> None:
        until(lambda: patient.arrived(fleet), lambda: self._why(patient, fleet), PATIENCE)

    def _why(self, patient: Patient, fleet: FleetStore) -> str:
        differing = patient.disagreements(fleet)
        log = (patient.state.parent / "daemon.log").read_text()
        which = f"{patient.name} {patient.workload}: {'; '.join(differing[:5])}"
        return f"{which}\n{log[-2000:]}\n{self._sink.said()[-2000:]}"


def run(
    directory: Path,
    chosen: list[Point],
    beside: int,
    say: Callable[[str], object] = lambda _: None,
    seed: int = 1,
) -> dict[str, int]:
    """Die at each of these points, so many devices side by side, with workloads drawn by `seed`.

    Returns:
        How many lives ended at their point, how many never came to it, deaths of the sink, stores, and
        how often a device was started once more to say all.

    Raises:
        AssertionError: history and sink differ; the message says how.
    """
    with ExitStack() as stack:
        place = directory / "broker"
        place.mkdir()
        broker = stack.enter_context(Broker(place))
        sink = Sink(directory, broker.url, hole_after=HOLE_AFTER)
        stack.callback(sink.close)
        sink.start().subscribed()
        fleet = stack.enter_context(closing(sink.fleet()))
        ward = Ward(directory, broker, sink, beside, Random(seed))
        for at in range(0, len(chosen), beside):
            ward.round(chosen[at : at + beside], fleet)
            say(f"{min(at + beside, len(chosen))} of {len(chosen)} points: {ward.counts}")
    return ward.counts


def main() -> None:
    """The command line."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the workloads")
    parser.add_argument("--beside", type=int, default=6, help="devices side by side")
    args = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="outrider-crash-") as place:
        chosen = points(args.points)
        counts = run(Path(place), chosen, args.beside, lambda line: print(line, flush=True), args.seed)
    seconds = time.monotonic() - began
    print(f"history and sink agree after each of {args.points} points: {counts}, in {seconds:.0f} s")


if __name__ == "__main__":
    main()
