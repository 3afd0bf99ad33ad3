"""Which release lies in a folder of packages: from the name of its `dist-info` folder alone.

`importlib.metadata` would tell too, but it loads the parser of e-mail, and the daemon has no use for it.
"""

from __future__ import annotations

from pathlib import Path

UNKNOWN = "unknown"
HERE = Path(__file__).resolve().parent.parent.parent


def release(site: Path = HERE) -> str:
    """The version of Outrider in this folder, by default the one that runs; else "unknown".

    A checkout has none: what runs there may be anything.
    """
    found = sorted(site.glob("outrider-*.dist-info"))
    return found[-1].name.removeprefix("outrider-").removesuffix(".dist-info") if found else UNKNOWN
