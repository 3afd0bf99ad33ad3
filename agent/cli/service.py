"""`outrider service`: install it as a service, remove it, say how it is, widen its sandbox by words."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.service.steps import Step

EXAMPLES = """examples:
  sudo outrider service install                      from where this command came from; again to upgrade
  sudo outrider service install --from ./wheels      without network: a folder of wheels
  outrider service install --dry-run                 every step, none done
  outrider service status                            exit code 0: it runs; 3: it does not; 4: not installed
  outrider service allow --list                      what can be opened, and what that costs
  sudo outrider service allow logs gpu
  sudo outrider service deny gpu
  sudo outrider service uninstall                    keeps /etc/outrider and /var/lib/outrider
  sudo outrider service uninstall --purge            keeps nothing"""
FAILED, USAGE = 1, 2
ACTIONS = "install|uninstall|status|allow|deny"


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """The arguments of `service`."""
    parser.epilog = EXAMPLES
    actions = parser.add_subparsers(dest="action", required=True, metavar=ACTIONS)
    one = _action(actions.add_parser, "install", "install or upgrade, enable and start", install)
    one.add_argument(
        "--from", dest="origin", metavar="PATH", help="a wheel, an sdist, a checkout, or a folder of wheels"
    )
    one.add_argument("--python", metavar="P", help="the interpreter of the virtual environment")
    one.add_argument("--no-start", action="store_true", help="enable it, but do not start it now")
    two = _action(actions.add_parser, "uninstall", "stop it, and remove what install made", uninstall)
    two.add_argument("--purge", action="store_true", help="configuration, history and user too")
    _action(actions.add_parser, "status", "how it is", status)
    three = _action(actions.add_parser, "allow", "widen the sandbox", allow)
    three.add_argument("names", nargs="*", metavar="NAME", help="what to open")
    three.add_argument("--list", action="store_true", help="what there is, and what is on")
    four = _action(actions.add_parser, "deny", "take back what was allowed", deny)
    four.add_argument("names", nargs="+", metavar="NAME", help="what to close")
    for each in (one, two, three, four):
        each.add_argument("--dry-run", action="store_true", help="say every step, and do none")
    parser.set_defaults(run=lambda args: args.act(args))


def _action(
    make: Callable[..., argparse.ArgumentParser],
    name: str,
    brief: str,
    act: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    made = make(name, help=brief, description=brief, epilog=EXAMPLES, formatter_class=shape)
    made.set_defaults(act=act)
    return made


def install(args: argparse.Namespace) -> int:
    """Install or upgrade; 1 if a step fails."""
    from agent.service import interpreter, origin
    from agent.service.install import install_steps
    from agent.service.places import Places

    places = Places()
    try:
        source = origin.given(Path(args.origin)) if args.origin else origin.own(places.prefix)
        python = interpreter.choose(args.python)
    except (origin.NoOrigin, interpreter.NoInterpreter) as error:
        return _fail(str(error))
    renew, start = args.python is not None, not args.no_start
    code = _perform(args, install_steps(places, source, python, renew=renew, start=start))
    if code or args.dry_run:
        return code
    return status(args) if start else 0


def uninstall(args: argparse.Namespace) -> int:
    """Remove it; 1 if a step fails."""
    from agent.service.install import kept, uninstall_steps
    from agent.service.places import Places

    places = Places()
    code = _perform(args, uninstall_steps(places, purge=args.purge))
    if code == 0 and not args.dry_run:
        for line in kept(places):
            print(line)
    return code


def status(args: argparse.Namespace) -> int:
    """Print the state; 0 if it runs, 3 if not, 4 if it is not installed."""
    from agent.service import unit
    from agent.service.places import Places

    shown = unit.show()
    for line in unit.lines(Places(), shown):
        print(line)
    return unit.exit_code(shown)


def allow(args: argparse.Namespace) -> int:
    """Open what is named; or list what there is."""
    from agent.service.allow import NoAllowance, allow_steps, named
    from agent.service.places import Places

    if args.list or not args.names:
        return _list()
    try:
        chosen = named(args.names)
    except NoAllowance as error:
        return _fail(str(error), USAGE)
    return _perform(args, allow_steps(Places(), chosen), installed=True)


def deny(args: argparse.Namespace) -> int:
    """Close what is named."""
    from agent.service.allow import NoAllowance, deny_steps, named
    from agent.service.places import Places

    try:
        chosen = named(args.names)
    except NoAllowance as error:
        return _fail(str(error), USAGE)
    return _perform(args, deny_steps(Places(), [each.name for each in chosen]), installed=True)


def _list() -> int:
    import textwrap

    from agent.service.allow import allowed, shipped
    from agent.service.places import Places

    on = allowed(Places())
    for each in shipped():
        print(
            f"{each.name:<11} {'on ' if each.name in on else 'off'}  exposure with it alone: {each.exposure}"
        )
        for words in (f"for {each.purpose}", f"opens {each.opens}"):
            print(textwrap.indent(textwrap.fill(words, 96), " " * 4))
    return 0


def _perform(args: argparse.Namespace, steps: list[Step], *, installed: bool = False) -> int:
    """Do the steps as root under systemd, or say what is lacking; a dry run needs neither."""
    from agent.service.places import Places
    from agent.service.steps import StepFailed, perform

    places = Places()
    if not args.dry_run:
        if os.geteuid() != 0:
            return _fail(f"this takes root: sudo outrider service {args.action}")
        if not places.systemd.is_dir():
            return _fail(
                f"systemd does not run here ({places.systemd} is missing); in a container, let it start "
                "`outrider run`"
            )
        if installed and not places.unit.exists():
            return _fail(f"{places.unit} is not there: run `outrider service install` first")
    try:
        perform(steps, print, dry_run=args.dry_run)
    except StepFailed as error:
        return _fail(str(error))
    return 0


def _fail(text: str, code: int = FAILED) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"outrider service: {text}\n")
    return code
