"""`outrider check` and `outrider config`: what the settings are, could be, and what is wrong."""

from __future__ import annotations

import argparse
import sys

EXAMPLES = {
    "check": """examples:
  outrider check                               the file that the service reads
  outrider check --config ./outrider.toml      another one, before it is put in place
  outrider check && systemctl reload outrider

exit code: 0, or 78 with a line on stderr for every fault:
  file:line: key: reason, allowed: what would be right, did you mean "..."?""",
    "config": """examples:
  outrider config default > outrider.toml      every setting with its meaning, as a file to edit
  outrider config default --profile jetson > outrider.toml
  outrider config show --config outrider.toml  what would be in effect, and where it came from
  outrider config schema > outrider.schema.json   for editors that complete and check TOML""",
}


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """The arguments of `check` or `config`."""
    from agent.cli.flags import add_flags

    parser.epilog = EXAMPLES[verb]
    if verb == "config":
        from agent.config.profiles import PROFILES

        parser.add_argument("what", choices=sorted(PRINTED), help="what to print")
        parser.add_argument(
            "--profile",
            choices=sorted(PROFILES),
            default="",
            help="with default: for a kind of device",
        )
    add_flags(parser)
    parser.set_defaults(run=check if verb == "check" else config)


def check(args: argparse.Namespace) -> int:
    """Load as the daemon would; 0, or 78 after every fault."""
    from agent.cli.flags import files, load_or_end
    from agent.config.effective import summary

    loaded = load_or_end(args)
    sys.stdout.write(f"{' '.join(files(args)) or 'defaults'}: ok\n")
    sys.stdout.write(summary(loaded))
    return 0


def config(args: argparse.Namespace) -> int:
    """Print what was asked for."""
    sys.stdout.write(PRINTED[args.what](args))
    return 0


def _default(args: argparse.Namespace) -> str:
    from agent.config.annotated import NOTHING, annotated
    from agent.config.profiles import PROFILES

    return annotated(args.profile, PROFILES.get(args.profile, NOTHING))


def _show(args: argparse.Namespace) -> str:
    from agent.cli.flags import load_or_end
    from agent.config.effective import effective

    return effective(load_or_end(args))


def _schema(args: argparse.Namespace) -> str:
    import json

    from agent.config.schema import schema

    return json.dumps(schema(), indent=2) + "\n"


PRINTED = {"default": _default, "show": _show, "schema": _schema}
