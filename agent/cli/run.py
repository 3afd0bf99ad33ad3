"""`outrider run`: the daemon, in the foreground."""

from __future__ import annotations

import argparse
import os
import sys

EXAMPLES = """examples:
  outrider run                                    with /etc/outrider/outrider.toml, if it is there
  outrider run --config ./outrider.toml
  outrider run --broker mqtt://127.0.0.1:1883 --state-dir ./state --runtime-dir ./run --span 10s

SIGTERM or Ctrl-C writes and sends the last window and ends within 5 s. SIGHUP reads the
configuration again; a bad one is reported and the old one stays in force."""


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """The arguments of `run`."""
    from agent.cli.flags import add_flags

    parser.epilog = EXAMPLES
    add_flags(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until told to stop; 78 for a bad configuration, 1 if the store cannot be opened.

    The process ends here and now: a thread that hangs in a driver must not keep it.
    """
    from agent.cli.flags import BAD_CONFIGURATION, load_flags
    from agent.config import Faults
    from agent.serve import serve

    try:
        code = serve(lambda: load_flags(args).config)
    except Faults as faults:
        sys.stderr.write(f"{faults}\n")
        code = BAD_CONFIGURATION
    sys.stderr.flush()
    os._exit(code)
