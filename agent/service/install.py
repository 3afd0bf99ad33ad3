"""What `service install` and `service uninstall` do, as steps that can be shown or done, and done again."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from agent.service import allow, files
from agent.service.allow import UNIT_ADVICE, WRITE_ADVICE
from agent.service.origin import Origin
from agent.service.places import UNIT, USER, Places
from agent.service.release import release
from agent.service.steps import AS_IT_WAS, CommandFailed, Step, command, directory, link, remove, run, text
from agent.service.unit import ask

DESCRIPTION = "Outrider telemetry daemon"
AGAIN = "put that right, then run this again: what is done already is passed over"
PIP_ADVICE = (
    "pip needs the package index for what Outrider depends on; without network give it a folder of wheels: "
    "on a machine of the same kind `pip wheel -w wheels outrider`, then here `--from wheels`"
)
PYTHON_ADVICE = "see the message above; another Python can be named with --python"
CHECK_ADVICE = (
    "the service was not started anew with this configuration; put the file right, then run "
    "`systemctl restart outrider`"
)
START_ADVICE = f"it is installed, but does not come up; {UNIT_ADVICE}"
PIP = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}


def install_steps(
    places: Places, origin: Origin, python: Path, *, renew: bool = False, start: bool = True
) -> list[Step]:
    """Everything from the virtual environment to the running service.

    What comes with a release (unit, allowances, sample configuration) is read from the release that
    was just installed, not from the one that runs this.

    Args:
        places: where.
        origin: what to install from.
        python: the interpreter of a new virtual environment.
        renew: make the environment anew if it has another interpreter.
        start: whether to start the service at the end.
    """
    steps = [
        _environment(places, python, renew=renew),
        _packages(places, origin),
        link(places.link, places.program, f"move what is at {places.link} away, then run this again"),
        _user(),
        directory(places.configuration, 0o755, AGAIN),
        text(places.settings, _shipped(places, "config", "outrider.toml"), AGAIN, keep=True),
        directory(places.state, 0o700, AGAIN, USER),
        text(places.unit, _shipped(places, "systemd", UNIT), WRITE_ADVICE),
        _allowances(places),
        command("tell systemd", ["systemctl", "daemon-reload"], UNIT_ADVICE),
        command("let it start at each boot", ["systemctl", "enable", "--quiet", UNIT], UNIT_ADVICE),
    ]
    return [*steps, *_started(places)] if start else steps


def uninstall_steps(places: Places, *, purge: bool) -> list[Step]:
    """The way back. The configuration and the store stay, and with the store its owner; unless purged."""
    steps = [
        command(
            "stop it, and for good",
            ["systemctl", "disable", "--now", "--quiet", UNIT],
            UNIT_ADVICE,
            unless=lambda: not places.unit.exists(),
        ),
        remove(places.unit, WRITE_ADVICE),
        *(remove(allow.drop_in(places, name), WRITE_ADVICE) for name in allow.allowed(places)),
        remove(places.drop_ins, WRITE_ADVICE, unless=lambda: "" if purge else _others(places.drop_ins)),
        command("tell systemd", ["systemctl", "daemon-reload"], UNIT_ADVICE),
        remove(places.runtime, AGAIN),
        remove(places.link, AGAIN, unless=lambda: _foreign(places.link, places.program)),
        remove(places.prefix, AGAIN, unless=lambda: _no_environment(places.prefix)),
    ]
    if not purge:
        return steps
    return [
        *steps,
        remove(places.configuration, AGAIN),
        remove(places.state, AGAIN),
        command(
            f"remove the user {USER}",
            ["userdel", USER],
            "end the processes of that user, then run this again",
            unless=lambda: not allow.group_exists(USER),
        ),
    ]


def kept(places: Places) -> list[str]:
    """What an uninstallation that did not purge has left, a line each."""
    left = [f"{path} stays" for path in (places.configuration, places.state) if path.exists()]
    if places.state.exists():
        left.append(f"the user {USER} stays: it owns {places.state}")
    if left:
        left.append("`outrider service uninstall --purge` would have removed them too")
    return left


def _environment(places: Places, python: Path, *, renew: bool) -> Step:
    """A virtual environment that works; one whose Python is gone, or is not the one named, is made anew."""
    argv = [str(python), "-I", "-m", "venv", "--clear", str(places.prefix)]

    def act() -> str:
        if _works(places.python) and not (renew and places.python.resolve() != python.resolve()):
            return AS_IT_WAS
        why = _no_environment(places.prefix)
        if why:
            raise CommandFailed(f"{places.prefix} {why}; move it away")
        run(argv)
        return ""

    return Step(f"make a virtual environment: {shlex.join(argv)}", act, PYTHON_ADVICE)


def _packages(places: Places, origin: Origin) -> Step:
    """Install or upgrade; pip passes over a file of the version that is there, unless forced to take it."""
    pip = [str(places.python), "-I", "-m", "pip", "install", "--quiet", *origin.options]
    argv = [*pip, "--upgrade", origin.requirement]

    def act() -> str:
        before = _release(places)
        run(argv, PIP)
        if before and origin.forced:
            run([*pip, "--force-reinstall", "--no-deps", origin.requirement], PIP)
        return f"{before} before, {_release(places)} now" if before else _release(places)

    return Step(f"install {origin.words}: {shlex.join(argv)}", act, PIP_ADVICE)


def _user() -> Step:
    # systemd-sysusers does nothing where the user is there, and every systemd brings it.
    line = f'u {USER} - "{DESCRIPTION}" /var/lib/{USER}'
    advice = f"make a system user and a group named {USER} by hand, then run this again"
    return command(f"make the system user {USER}", ["systemd-sysusers", "--inline", line], advice)


def _allowances(places: Places) -> Step:
    """Bring the allowances that are on up to the installed release."""

    def act() -> str:
        on = allow.allowed(places)
        for each in allow.shipped(places.package):
            if each.name in on:
                allow.write_step(places, each).act()
        return f"on: {', '.join(on)}" if on else "none is on; `outrider service allow --list` shows them"

    return Step(f"bring the allowances in {places.drop_ins} up to date", act, WRITE_ADVICE)


def _started(places: Places) -> list[Step]:
    """Check as the service will, as its user, so that a running one is not lost to a bad file."""
    as_user = ["runuser", "-u", USER, "--"]
    check = [*as_user, str(places.program), "check", "--config", str(places.settings)]
    return [
        command("check the configuration", check, CHECK_ADVICE),
        _start(),
    ]


def _start() -> Step:
    argv = ["systemctl", "restart", UNIT]

    def act() -> str:
        try:
            run(argv)
        except CommandFailed as error:
            said = ask(["journalctl", "--unit", UNIT, "--lines", "15", "--no-pager", "--output", "cat"])
            raise CommandFailed(f"{error}\nThe journal has:\n{said.text.rstrip()}") from None
        return ""

    return Step(f"start it, and wait until it is ready: {shlex.join(argv)}", act, START_ADVICE)


def _shipped(places: Places, kind: files.Folder, name: str) -> Callable[[], str]:
    return lambda: files.read(kind, name, places.package)


def _release(places: Places) -> str:
    """The installed release, or "" if there is none."""
    try:
        return release(places.site)
    except FileNotFoundError:
        return ""


def _works(python: Path) -> bool:
    """Whether an environment's interpreter runs, and pip with it."""
    try:
        run([str(python), "-I", "-c", "import pip"])
    except OSError:
        return False
    return True


def _no_environment(prefix: Path) -> str:
    """Why what is there may not be cleared: it is neither empty nor a virtual environment."""
    if not prefix.is_dir() or not any(prefix.iterdir()) or (prefix / "pyvenv.cfg").is_file():
        return ""
    return "is there, and is no virtual environment"


def _foreign(path: Path, target: Path) -> str:
    """Why a link is not ours to remove."""
    if path.is_symlink() and path.readlink() == target:
        return ""
    return f"it does not lead to {target}"


def _others(folder: Path) -> str:
    """Which drop-ins are not ours to remove."""
    names = ", ".join(sorted(path.name for path in folder.iterdir()))
    return f"{names} is not ours" if names else ""
