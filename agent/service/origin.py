"""What to install from: what `--from` names, or the source that the running command came from."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from agent.service.files import PACKAGE

GIVE = "name one with --from: a wheel, an sdist, a checkout, or a folder of wheels"
PROJECT = 'name = "outrider"'


class NoOrigin(Exception):  # noqa: N818 - a state of the machine
    """There is nothing to install from; the message says why, and what to do."""


class Origin(NamedTuple):
    """A source of Outrider.

    `requirement` and `options` are words for `pip install`. pip passes over a file whose version is
    installed already, so `forced` says that it has to be told.
    """

    words: str
    requirement: str
    options: tuple[str, ...] = ()
    forced: bool = False


def given(path: Path) -> Origin:
    """The source at a path: a wheel, an sdist, a checkout, or a folder of wheels for a host without network.

    Raises:
        NoOrigin: it is none of these.
    """
    path = path.absolute()
    if path.is_file():
        if path.name.startswith("outrider-") and path.suffix == ".whl":
            return Origin(f"the wheel {path}", str(path), forced=True)
        if path.name.startswith("outrider-") and path.name.endswith(".tar.gz"):
            return Origin(f"the sdist {path}", str(path))
        raise NoOrigin(f"{path} is no wheel (outrider-*.whl) and no sdist (outrider-*.tar.gz) of Outrider")
    if is_checkout(path):
        return Origin(f"the checkout {path}", str(path))
    if any(path.glob("outrider-*.whl")):
        offline = ("--no-index", "--find-links", str(path))
        return Origin(f"the wheels in {path}", "outrider", offline, forced=True)
    what = "has neither a pyproject.toml of Outrider nor a wheel of it" if path.is_dir() else "does not exist"
    raise NoOrigin(f"{path} {what}")


def own(prefix: Path, package: Path = PACKAGE) -> Origin:
    """The source that the running command came from; the package index, if it came from there.

    Args:
        prefix: the installation: a command that runs from there is to be brought up to date, any other
            one is to be installed as it is.
        package: our own package.

    Raises:
        NoOrigin: it came from a file that is gone, or nobody wrote down from where.
    """
    if is_checkout(package.parent):
        return given(package.parent)
    try:
        installed = metadata.Distribution.from_name("outrider")
    except metadata.PackageNotFoundError:
        raise NoOrigin(f"{package} was not installed by pip: {GIVE}") from None
    noted = installed.read_text("direct_url.json")
    if noted is not None:
        return noted_as(json.loads(noted))
    newest = package.is_relative_to(prefix)
    wanted = "outrider" if newest else f"outrider=={installed.version}"
    return Origin(f"{wanted} of the package index", wanted)


def noted_as(noted: Mapping[str, Any]) -> Origin:
    """The source that pip noted in `direct_url.json` (PEP 610).

    Raises:
        NoOrigin: it was a file or folder that is gone.
    """
    url = str(noted["url"])
    if url.startswith("file:"):
        return given(_still_there(Path(unquote(urlsplit(url).path))))
    vcs = noted.get("vcs_info")
    if vcs is None:
        return Origin(url, f"outrider @ {url}", forced=True)
    revision = vcs.get("requested_revision") or vcs["commit_id"]
    return Origin(url, f"outrider @ {vcs['vcs']}+{url}@{revision}")


def _still_there(path: Path) -> Path:
    """The path without links, if nobody but root and our caller can have put another thing there since.

    Raises:
        NoOrigin: it is gone, or is or lies in what others may write to, as /tmp after a reboot.
    """
    if not path.exists():
        raise NoOrigin(f"it was installed from {path}, which is gone: {GIVE}")
    real = path.resolve()
    trusted = {"0", str(os.getuid()), os.environ.get("SUDO_UID", "0")}
    for each in (real, *real.parents):
        found = each.stat()
        shared = found.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH
        if shared or str(found.st_uid) not in trusted:
            raise NoOrigin(f"it was installed from {path}, but others may write to {each}: {GIVE}")
    return real


def is_checkout(folder: Path) -> bool:
    """Whether this folder is a checkout of Outrider."""
    project = folder / "pyproject.toml"
    return project.is_file() and PROJECT in project.read_text(encoding="utf-8", errors="replace").splitlines()
