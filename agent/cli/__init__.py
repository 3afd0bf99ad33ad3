"""The command line: one table from verbs to modules, and the way into one of them.

A module of verbs offers, beside whatever runs them,

    def add(parser: argparse.ArgumentParser, verb: str) -> None

which gets the empty parser of the one verb that was called (a module may serve several), adds its
arguments and examples (`parser.epilog = "examples:\\n  outrider ..."`; line breaks are kept) and says
what to run: `parser.set_defaults(run=function)` with `function(args: argparse.Namespace) -> int`,
whose answer is the exit code. Only the module of that verb is imported, and it imports what it needs
when it runs, so that `outrider --help` and a wrong word cost nothing.

Exit codes: 0 done, 1 failed, 2 wrong usage, 78 bad configuration, 130 interrupted, 141 the reader of
the output went away; `explain-drift` 10 drifted, 20 unknown.
"""

from __future__ import annotations

import argparse
import importlib
import os
import select
import sys
from collections.abc import Sequence
from typing import NamedTuple

STDOUT = 1
USAGE = 2
INTERRUPTED = 130
READER_GONE = 141


class Verb(NamedTuple):
    """A word of the command line: the module that serves it, and what it does in one line."""

    module: str
    brief: str


VERBS = {
    "run": Verb("agent.cli.run", "collect, keep and ship, until told to stop"),
    "check": Verb("agent.cli.config", "say every fault of the configuration, or that there is none"),
    "test": Verb("agent.cli.probe", "collect twice and print every sample; send nothing"),
    "doctor": Verb("agent.cli.doctor", "say what is wrong with this device and its broker, and what to do"),
    "config": Verb("agent.cli.config", "print the default or effective settings, or their JSON schema"),
    "history": Verb("agent.cli.local", "print what this device has kept"),
    "errors": Verb("agent.cli.errors", "say which errors the logs of models told, how often, and since when"),
    "explain-drift": Verb(
        "agent.cli.explain", "show a feature's baseline and what it is now, and what drifts"
    ),
    "ledger": Verb("agent.cli.ledger", "say what became coarser or was lost on this device, and why"),
    "record": Verb("agent.cli.record", "keep every sample around now, and show what was captured"),
    "spool": Verb("agent.cli.local", "list, verify, export or repair the records of this device; what waits"),
    "logs": Verb("agent.cli.logs", "say what the lines of a log become, and how to configure that"),
    "baseline": Verb("agent.cli.baseline", "make from tables what drift is judged by; compare two of them"),
    "sink": Verb("agent.cli.fleet", "receive from a broker and keep durably, with acknowledgements"),
    "view": Verb("agent.cli.fleet", "watch devices and series live, in the terminal"),
    "top": Verb("agent.cli.top", "watch this device live, from the daemon's polls"),
    "service": Verb("agent.cli.service", "install it as a service of systemd, remove it, widen its sandbox"),
    "demo": Verb("agent.cli.demo", "broker, daemon and view on this machine, without configuration"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code.

    Args:
        argv: the words after the command's name; None takes them from the process.

    Raises:
        SystemExit: from argparse, after it printed help (0) or a usage error (2).
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        if not _reader_gone():
            raise
        return READER_GONE
    return code


def _dispatch(words: list[str]) -> int:
    if not words:
        sys.stderr.write(overview())
        return USAGE
    verb, *rest = words
    if verb in ("-h", "--help", "help"):
        sys.stdout.write(overview())
        return 0
    if verb in ("-V", "--version"):
        sys.stdout.write(f"outrider {version()}\n")
        return 0
    if verb not in VERBS:
        sys.stderr.write(_unknown(verb))
        return USAGE
    return _run(verb, rest)


def _run(verb: str, rest: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog=f"outrider {verb}",
        description=VERBS[verb].brief,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    importlib.import_module(VERBS[verb].module).add(parser, verb)
    args = parser.parse_args(rest)
    code: int = args.run(args)
    return code


def overview() -> str:
    """What `outrider --help` prints: every verb with its line, without importing any."""
    width = max(map(len, VERBS))
    lines = [f"  {name:{width}}  {verb.brief}" for name, verb in VERBS.items()]
    return "\n".join(
        [
            "usage: outrider VERB [OPTIONS]",
            "",
            "telemetry for edge devices: bounded, crash-safe, counted once",
            "",
            "verbs:",
            *lines,
            "",
            "`outrider VERB --help` tells more, with examples; `outrider --version` tells the version.",
            "",
        ]
    )


def version() -> str:
    """The installed version, or "unknown" when run from a folder that was never installed."""
    from importlib import metadata

    try:
        return metadata.version("outrider")
    except metadata.PackageNotFoundError:
        return "unknown"


def _unknown(verb: str) -> str:
    import difflib

    near = difflib.get_close_matches(verb, VERBS, 1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    return f"outrider: there is no verb {verb!r}.{hint} `outrider --help` lists them.\n"


def _reader_gone() -> bool:
    """Whether it was stdout that broke; a broken pipe elsewhere is a fault of its own.

    What is still buffered would fail once more at exit, so stdout leads nowhere from now on.
    """
    watch = select.poll()
    watch.register(STDOUT, 0)
    if not watch.poll(0):
        return False
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDOUT)
    os.close(nowhere)
    return True
