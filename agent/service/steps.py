"""The steps of an installation: each said in words, done once, and named when it fails.

Every step may be done again: it then finds that there is nothing to do, and says so. What a step
writes it reads only when it is its turn, so that a dry run needs nothing of what earlier steps make.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

AS_IT_WAS = "as it was"
TAIL = 20
"""How many of the last lines of a command that failed are shown."""

Say = Callable[[str], None]


class StepFailed(Exception):  # noqa: N818 - what happened, not a fault of the program
    """A step could not be done; the message names it, says why, and what to do."""


class CommandFailed(OSError):  # noqa: N818
    """A command ended with a fault; the message has its last lines."""


class Step(NamedTuple):
    """One step: what it does in words, how, and what to do where it fails.

    `act` returns what happened in a few words, or "" where the step's own words say all. It raises
    OSError.
    """

    words: str
    act: Callable[[], str]
    advice: str


def perform(steps: Sequence[Step], say: Say, *, dry_run: bool = False) -> None:
    """Do all steps in order, or only say them.

    Files are made as the steps say, whatever the caller's umask is.

    Raises:
        StepFailed: one could not be done; those after it were not tried.
    """
    with _umask(0o022):
        for number, step in enumerate(steps, 1):
            head = f"[{number:2}/{len(steps)}] {step.words}"
            say(head)
            if dry_run:
                continue
            try:
                outcome = step.act()
            except OSError as error:
                raise StepFailed(f"failed: {step.words}: {_why(error)}\n{step.advice}") from error
            if outcome:
                say(f"{'':8}{outcome}")


def command(
    words: str,
    argv: Sequence[str | Path],
    advice: str,
    *,
    unless: Callable[[], bool] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Step:
    """Run a command, which is shown with the words.

    Args:
        words: what it does.
        argv: program and arguments.
        advice: what to do where it fails.
        unless: whether there is nothing to do; asked when it is the step's turn.
        environ: added to our environment.
    """
    line = [str(word) for word in argv]

    def act() -> str:
        if unless is not None and unless():
            return AS_IT_WAS
        run(line, environ)
        return ""

    return Step(f"{words}: {shlex.join(line)}", act, advice)


def run(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    """The output of a command that ends well.

    Raises:
        CommandFailed: it did not; the message has its last lines.
        OSError: there is no such command.
    """
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(environ or {})},
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-TAIL:])
        raise CommandFailed(f"exit code {done.returncode}\n{last}")
    return done.stdout


def text(path: Path, content: Callable[[], str], advice: str, *, keep: bool = False) -> Step:
    """Write a file of text with mode 0644 in one move; with `keep`, only where there is none."""

    def act() -> str:
        if keep and os.path.lexists(path):
            return "kept: it is yours, and never overwritten"
        wanted = content()
        if not path.is_symlink() and path.is_file() and path.read_text(encoding="utf-8") == wanted:
            return AS_IT_WAS
        there = path.exists()
        write(path, wanted)
        return "replaced" if there else ""

    return Step(f"write {path} (0644)" + (", unless it is there" if keep else ""), act, advice)


def write(path: Path, content: str) -> None:
    """Put a file in place whole: after a power cut it is the old one or the new one.

    Raises:
        OSError: it cannot be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def directory(path: Path, mode: int, advice: str, owner: str | None = None) -> Step:
    """Make a directory; one that is there is given the mode, and the owner with their group."""

    def act() -> str:
        before = path.stat() if path.is_dir() else None
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if owner is not None:
            shutil.chown(path, owner, owner)
        return AS_IT_WAS if before is not None and _same(before, path.stat()) else ""

    whose = f", of {owner}" if owner else ""
    return Step(f"make {path} ({mode:04o}{whose})", act, advice)


def link(path: Path, target: Path, advice: str) -> Step:
    """Make a symbolic link, over an older link too, but over nothing else."""

    def act() -> str:
        if path.is_symlink():
            if path.readlink() == target:
                return AS_IT_WAS
            path.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
        return ""

    return Step(f"link {path} to {target}", act, advice)


def remove(path: Path, advice: str, *, unless: Callable[[], str] | None = None) -> Step:
    """Remove a file, a link or a whole directory; `unless` says why it has to stay, or ""."""

    def act() -> str:
        if not os.path.lexists(path):
            return "not there"
        why = unless() if unless is not None else ""
        if why:
            return f"kept: {why}"
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        return ""

    return Step(f"remove {path}", act, advice)


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    mine = (before.st_mode, before.st_uid, before.st_gid)
    return mine == (after.st_mode, after.st_uid, after.st_gid)


def _why(error: OSError) -> str:
    if isinstance(error, CommandFailed) or not error.strerror:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
