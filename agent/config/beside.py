"""The files laid over the configuration: `conf.d/*.toml` beside it, in the order of their names."""

from __future__ import annotations

import os
from pathlib import Path

from agent.config.document import LARGEST
from agent.config.fault import Fault, Faults, Place

FOLDER = "conf.d"
END = ".toml"
MOST = 64
MOST_BYTES = 4 * LARGEST


def beside(file: str | os.PathLike[str]) -> list[str]:
    """The files of `conf.d` beside this one; hidden ones and what editors leave behind do not end in
    .toml, or begin with a dot, and are left alone.

    Raises:
        Faults: the folder is none or cannot be read, or holds too many files or bytes.
    """
    folder = Path(file).parent / FOLDER
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(END) and name[0] != ".")
        size = sum((folder / name).lstat().st_size for name in names[:MOST])
    except FileNotFoundError:
        if not os.path.lexists(folder):
            return []
        raise Faults([Fault(Place(str(folder)), "", "changes while it is read, or leads nowhere")]) from None
    except OSError as error:
        raise Faults([Fault(Place(str(folder)), "", f"cannot be read: {error.strerror}")]) from None
    if len(names) > MOST:
        raise Faults([Fault(Place(str(folder)), "", f"holds {len(names)} files", f"at most {MOST}")])
    if size > MOST_BYTES:
        raise Faults([Fault(Place(str(folder)), "", f"holds {size} bytes", f"at most {MOST_BYTES}")])
    return [str(folder / name) for name in names]
