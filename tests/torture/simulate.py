"""Random steps in the small world: `python tests/torture/simulate.py --steps 1000000 --seed 1`.

Every episode is a storm of random steps (flushes, a broker that loses, repeats and reorders,
crashes of the device and the sinks, stores put back from a copy on either side, retention, budgets that
ask for longer blocks of windows, clocks that are set late) and then
calm weather, after which every number must be held or said to be lost.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.ship import protocol as p
from tests.torture.world import World, copy_store

STORM = 600
CALM_ROUNDS = 400


def step(world: World) -> None:
    """One random thing happens."""
    world.steps += 1
    world.now += world.rng.choice((0.0, 1.0, 5.0, 30.0))
    choices = possible(world)
    world.rng.choices([act for act, _ in choices], [weight for _, weight in choices])[0]()


def possible(world: World) -> list[tuple[Callable[[], object], float]]:
    """What can happen now, and how likely it is beside the rest."""
    acts: list[tuple[Callable[[], object], float]] = [(lambda: retain(world), 0.05)]
    for name, box in world.sinks.items():
        if box.queue:
            acts.append((partial(world.deliver, name), 6))
            acts.append((partial(world.deliver, name, crash=True), 0.3))
    acts.append((lambda: put_sink_back(world), 0.1))
    if not world.up:
        return [*acts, (world.boot, 2), (lambda: copy(world), 0.5), (lambda: put_back(world), 0.3)]
    acts += [(lambda: flush(world), 4), (world.crash, 0.4), (lambda: crash_in_flush(world), 0.3)]
    if world.wake_at is not None:
        acts.append((lambda: wake(world), 1))
    if world.connecting:
        acts += [(lambda: connected(world), 4), (lambda: world.tell(p.Refused("r", "")), 0.5)]
    if world.connected:
        acts.append((lambda: lose(world), 0.5))
    if world.connected and world.uplink:
        acts.append((world.accept, 6))
    if world.pubacks:
        acts.append((lambda: world.tell(world.pubacks.pop(0)), 6))
    if world.acks:
        acts.append((lambda: hear(world), 4))
    return acts


def flush(world: World) -> None:
    world.now += 55.0
    world.flush()


def crash_in_flush(world: World) -> None:
    """The process dies within the transaction, or right after the commit, before anyone is told."""
    world.crash_flush(world.rng.randrange(1, 400))


def wake(world: World) -> None:
    at = world.wake_at
    assert at is not None
    world.now, world.wake_at = max(world.now, at), None
    world.tell(p.Tick())


def connected(world: World) -> None:
    world.connecting, world.connected = False, True
    world.tell(p.Connected(receive_maximum=world.rng.choice((None, 1, 2))))


def lose(world: World) -> None:
    world._forget_connection()
    world.tell(p.Lost("reset", ""))


def hear(world: World) -> None:
    payload = world.acks[world.rng.randrange(len(world.acks))]
    if world.rng.random() < 0.9:
        world.acks.remove(payload)
    world.tell(p.Received("outrider/v1/f/d/ack/main", payload))


def copy(world: World) -> None:
    """Yesterday's copy, made while the daemon is down."""
    target = world.place / f"copy{len(world.copies) % 3}"
    world.copies = [c for c in world.copies if c[0] != target]
    copy_store(world.place / "device", target)
    world.copies.append((target, world.life.copy()))


def put_back(world: World) -> None:
    """The device's store goes back to a copy; the numbers it had given since are of another life."""
    if world.copies:
        source, life = world.rng.choice(world.copies)
        copy_store(source, world.place / "device")
        world.life = life.copy()
        world._count("device put back")


def put_sink_back(world: World) -> None:
    """The sink's own store is copied, or goes back to its copy."""
    world.sink_copied() if world.sink_copy is None else world.sink_put_back()


def retain(world: World) -> None:
    name = world.rng.choice(list(world.stores))
    world.retain(name, world.rng.choice((3_000.0, 20_000.0)))


def calm(world: World) -> None:
    """Everything works, with blocks of windows as long as they are, and then with windows one by one."""
    if not world.up:
        world.boot()
    world.calm = True
    rounds(world, lambda: not world.outbox.overdue())
    world.check_not_stuck()
    world.grain = 1
    rounds(world, world.at_rest)
    world.calm = False
    world.check_calm()


def rounds(world: World, over: Callable[[], bool]) -> None:
    """Windows end, and all that is due is done: until nothing is left, or so many times."""
    for quiet in range(CALM_ROUNDS):
        world.now += 61.0
        world.flush()
        for _ in range(100):
            if not settle_one(world):
                break
        if quiet > 3 and over():
            break


def settle_one(world: World) -> bool:
    """The next thing in good order; False if nothing is left."""
    if world.connecting:
        connected(world)
    elif world.connected and world.uplink:
        world.accept()
    elif world.pubacks:
        world.tell(world.pubacks.pop(0))
    elif any(box.queue for box in world.sinks.values()):
        world.deliver(next(name for name, box in world.sinks.items() if box.queue))
    elif world.acks:
        world.tell(p.Received("outrider/v1/f/d/ack/main", world.acks.pop(0)))
    elif not world.connected and world.wake_at is not None:
        wake(world)
    else:
        return False
    return True


def run(place: Path, steps: int, seed: int, say: Callable[[str], object] = lambda _: None) -> World:
    """So many random steps, in storms and calms; raises `Violation` with the step."""
    world = World(place, seed)
    began = time.monotonic()
    while world.steps < steps:
        for _ in range(min(STORM, steps - world.steps)):
            step(world)
        calm(world)
        for name in world.stores:
            world.check_disjoint(name)
        rate = world.steps / (time.monotonic() - began)
        say(f"{world.steps} steps, {world.serial} numbers, {rate:.0f} steps/s, {world.counts}")
    return world


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--place", type=Path, help="where the stores are made; memory, if it can be had")
    args = parser.parse_args()
    parent = args.place or (Path("/dev/shm") if Path("/dev/shm").is_dir() else None)
    with tempfile.TemporaryDirectory(dir=parent) as place:
        world = run(Path(place), args.steps, args.seed, lambda line: print(line, flush=True))
    print(f"no violation in {world.steps} steps with seed {args.seed}: {world.counts}")


if __name__ == "__main__":
    main()
