"""A changed `max_size`: the file is written anew, as long as its share is now.

A smaller one first merges and drops until what is left fits. The copy needs as much free space as it
takes; where there is none, or a reader is in the way, the old file is used on and the next open tries
again.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from agent.store import files
from agent.store.coarsen import Budget, Coarsener, Room
from agent.store.database import SPARE, Database
from agent.store.errors import StoreBusy, StoreError, explain
from agent.store.layout import PAGE
from agent.store.lives import Lives
from agent.store.retain import make_room
from agent.store.rows import Rows
from agent.store.sizing import Limits, Share, share_of

# Growing stops short of its goal by the few pages of the table that fills the file.
SLACK = 16


def fit(path: Path, limits: Limits, now: float) -> StoreError | None:
    """Bring a sound store that nobody writes to its share of `limits.max_size`; why not, if not."""
    share = share_of(limits.max_size, limits.burst)
    if share.grown - SLACK <= path.stat().st_size // PAGE <= share.pages:
        return None
    try:
        _reduce(path, limits, share, now)
        _rewrite(path, share)
    except StoreError as error:
        return error
    except sqlite3.Error as error:
        return explain(error, path)
    return None


def _reduce(path: Path, limits: Limits, share: Share, now: float) -> None:
    """Merge, then drop, until the pages in use are within the share."""
    database = Database(path, share)
    with closing(database), database.explained():
        rows = Rows(database.connection, Lives(database.connection))
        coarsener = Coarsener(limits.tiers, share.largest)
        merging = True
        while rows.used() > share.soft:
            frames = database.room(0)
            rows.begin()
            database.connection.execute("BEGIN IMMEDIATE")
            if merging:
                merging = coarsener.squeeze(rows, now, Budget(rows, frames // 2), Room(share.soft))
            else:
                make_room(rows, limits.policies, {}, share.soft, frames - SPARE)
                if not rows.spent:
                    database.connection.execute("COMMIT")
                    return
            database.connection.execute("COMMIT")
            database.checkpoint()


def _rewrite(path: Path, share: Share) -> None:
    """Copy what is in use, and let the copy take the file's place."""
    with files.drafted(path) as draft:
        with closing(files.connect(path, mode="rw")) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise StoreBusy(f"{path}: a reader keeps the file from being resized; it is tried again")
            connection.execute("VACUUM INTO ?", (str(draft),))
        files.finish(draft, share.grown)
