"""The files in the state directory: made, locked, grown in advance, probed, set aside."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from agent.store.errors import StoreLocked, StoreTooNew, explain
from agent.store.layout import APPLICATION, FILE, FORMAT, HEAD, LOCK, PAGE, SCHEMA, Head
from agent.store.plausible import implausible
from agent.store.sizing import MIB

SIDE_FILES = ("", "-wal", "-shm")
KEPT_ASIDE = 2
# No other process may open the file, and what SQLite shares between connections is plain memory.
EXCLUSIVE = "rw&vfs=unix-excl"
# How long a call waits for another connection's lock, in s: readers hold theirs for less.
PATIENCE = 1.0


def prepare(directory: Path) -> None:
    """Make the directory, for this user alone, if it is not there.

    Raises:
        StoreError: it cannot be made or is no directory.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, directory) from error


def lock(directory: Path) -> int:
    """Take the directory for this process, until the descriptor that comes back is closed.

    Raises:
        StoreLocked: another process has it.
        StoreError: the lock file cannot be made.
    """
    path = directory / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise explain(error, path) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise StoreLocked(
            f"{path}: process {holder} keeps its store here; stop it, or choose another state directory"
        ) from error
    return descriptor


def sign(descriptor: int) -> None:
    """Write this process's number into the lock file; it helps people only, so a full disk is no error."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError:
        return


def holder(directory: Path) -> int | None:
    """The process that last took the directory; None if that is not known."""
    try:
        return int((directory / LOCK).read_text("ascii"))
    except (OSError, ValueError):
        return None


def connect(path: Path, *, mode: str) -> sqlite3.Connection:
    """A connection in autocommit mode; `mode` as in SQLite's file names: "rw", "ro", or
    EXCLUSIVE."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -256")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def create(path: Path, pages: int) -> None:
    """Make an empty store of `pages` pages, under another name until it is whole.

    Raises:
        StoreError: no space, no permission.
    """
    with drafted(path) as draft:
        connection = connect(draft, mode="rw")
        try:
            for pragma in (f"page_size = {PAGE}", "auto_vacuum = NONE", "journal_mode = OFF"):
                connection.execute(f"PRAGMA {pragma}")
            connection.executescript(SCHEMA)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        finally:
            connection.close()
        finish(draft, pages)


@contextlib.contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """A new, empty file that takes the place of `path` when the block has ended without an error.

    Raises:
        StoreError: an error of SQLite or the system; the draft is gone then.
    """
    draft = path.with_name(f"{path.name}.new")
    try:
        _remove(draft)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        yield draft
        sync(draft)
        for side in SIDE_FILES[1:]:
            Path(f"{path}{side}").unlink(missing_ok=True)
        draft.rename(path)
        sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        # A draft that cannot be removed either is found by the next attempt; this error is the one to tell.
        with contextlib.suppress(OSError):
            _remove(draft)
        raise explain(error, path) from error


def finish(draft: Path, pages: int) -> None:
    """Grow a draft to so many pages, and have it keep a write-ahead log."""
    connection = connect(draft, mode="rw")
    try:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "secure_delete = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        grow(connection, pages)
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def grow(connection: sqlite3.Connection, pages: int) -> None:
    """Make the file `pages` pages long, the new ones free: a full disk cannot take them any more."""
    count = connection.execute("PRAGMA page_count").fetchone()[0]
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    missing = pages - count
    if missing <= 2:
        return
    connection.execute("CREATE TABLE growth (filler BLOB)")
    # The free pages are taken first, then the file grows; two pages are the table's own.
    size = (missing + free - 2) * (PAGE - 4)
    while size > 0:
        connection.execute("INSERT INTO growth VALUES (zeroblob(?))", (min(size, 64 * MIB),))
        size -= 64 * MIB
    connection.execute("DROP TABLE growth")


def sync(path: Path) -> None:
    """Bring a file or directory to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def probe(path: Path) -> str | None:
    """What is wrong with the store at `path`; None if nothing. Nothing in it is changed.

    SQLite alone opens the file: closing a descriptor of our own would drop the locks of every other
    connection that this process has to it.

    Raises:
        StoreTooNew: it is of a newer format.
        StoreError: it cannot be read now.
        OSError: it is not there.
    """
    path.stat()
    try:
        with unwritten(path) as connection:
            return examine(path, connection)
    except UnicodeDecodeError as error:
        # Python's module, not SQLite, finds that a damaged schema is no text.
        return str(error)
    except sqlite3.DatabaseError as error:
        fault = explain(error, path)
        if fault.reason == "corrupt":
            return str(error)
        raise fault from error


@contextlib.contextmanager
def unwritten(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes to no file and makes none, not even on a disk that is full.

    The first one takes the file for this process, so that shared memory needs no file. As the last one
    to close may not write, the log is neither brought into the database nor deleted.
    """
    with contextlib.ExitStack() as after:
        with contextlib.closing(connect(path, mode=EXCLUSIVE)) as first:
            first.execute("SELECT count(*) FROM sqlite_master").fetchone()
            second = after.enter_context(contextlib.closing(connect(path, mode="ro")))
            second.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield second


def _known(path: Path, application: int, version: int) -> None:
    if application == APPLICATION and version > FORMAT:
        raise StoreTooNew(
            f"{path}: its format is {version}, this program knows formats up to {FORMAT}; it is left as it "
            "is: install the newer version again, or choose another store.directory"
        )


def check_format(path: Path, connection: sqlite3.Connection) -> str | None:
    """Why the database is no store of this program; None if it is one.

    Raises:
        StoreTooNew: it is one of a newer format.
    """
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    _known(path, application, version)
    if application != APPLICATION or not 1 <= version <= FORMAT:
        return f"it is a database of another program (application {application}, version {version})"
    return foreign(connection)


def foreign(connection: sqlite3.Connection) -> str | None:
    """What in the schema is none of ours; None if nothing. Views, triggers and computed columns are programs
    of whoever made the file: a read of them may never end.

    Raises:
        sqlite3.Error: the schema cannot be read.
    """
    with contextlib.closing(sqlite3.connect(":memory:")) as sound:
        sound.executescript(SCHEMA)
        ours = dict(sound.execute("SELECT name, sql FROM sqlite_master"))
    query = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    for kind, name, sql in connection.execute(query):
        if kind != "table" or ours.get(name, sql) != sql:
            return f"the {kind} {name!r} in it is none that a store has"
    return None


def _tables(connection: sqlite3.Connection) -> set[str]:
    """How each table was made, in SQL."""
    return {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


def examine(path: Path, connection: sqlite3.Connection) -> str | None:
    """What is wrong with the store at `path`, of which this is a connection; None if nothing.

    Raises:
        StoreTooNew: it is of a newer format.
        sqlite3.Error: malformed, or it cannot be read.
    """
    fault = check_format(path, connection)
    if fault is not None:
        return fault
    with contextlib.closing(sqlite3.connect(":memory:")) as sound:
        sound.executescript(SCHEMA)
        if not _tables(connection) >= _tables(sound):
            return "its tables are not those of its format"
    connection.execute("BEGIN")
    try:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        return _inconsistency(connection) if verdict == "ok" else str(verdict)
    finally:
        connection.execute("ROLLBACK")


def _inconsistency(connection: sqlite3.Connection) -> str | None:
    """What no store may hold although SQLite finds it sound: rows that are none, or overlap, and tombstones
    that are not as they were written, for nothing is read of them again before they are sent."""
    fault = implausible(connection)
    if fault is not None:
        return fault
    lives = dict(connection.execute("SELECT life, id FROM epochs WHERE id > 0"))
    end = -1
    for row in connection.execute(f"SELECT {HEAD} FROM records ORDER BY place"):  # noqa: S608
        head = Head(*row)
        fault = head.fault()
        if fault is None and head.life not in lives:
            fault = "its epoch is not known"
        if fault is None and head.place < end:
            fault = "it overlaps the one before"
        if fault is None and head.reason is not None and not head.as_written(lives[head.life]):
            fault = "its tombstone is not the one that was written"
        if fault is not None:
            return f"row {head.place}: {fault}"
        end = head.place + head.last - head.first + 1
    return None


def set_aside(path: Path, now: float) -> Path:
    """Rename a damaged store with its side files to `*.corrupt-<time>`; where it is now.

    At most KEPT_ASIDE are kept, older ones are removed.
    """
    stamp = datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    while aside.exists():
        aside = aside.with_name(f"{aside.name}+")
    try:
        for side in SIDE_FILES:
            if (file := Path(f"{path}{side}")).exists():
                file.rename(f"{aside}{side}")
        aside.touch()
        for old in asides(path)[:-KEPT_ASIDE]:
            _remove(old)
        sync(path.parent)
    except OSError as error:
        raise explain(error, path) from error
    return aside


def asides(path: Path) -> list[Path]:
    """The stores set aside before, by their change time, oldest first."""
    found = path.parent.glob(f"{path.name}.corrupt-*")
    return sorted(
        (file for file in found if not file.name.endswith(("-wal", "-shm"))),
        key=lambda file: file.stat().st_mtime_ns,
    )


def _remove(path: Path) -> None:
    for side in SIDE_FILES:
        Path(f"{path}{side}").unlink(missing_ok=True)


def store_file(directory: Path) -> Path:
    """Where the store of a state directory is."""
    return directory / FILE


def settle(path: Path, grown: int, now: float) -> Path | None:
    """Make sure that a sound store stands at `path`; where a damaged one was put."""
    aside = None
    if path.exists() and probe(path) is not None:
        aside = set_aside(path, now)
    if not path.exists():
        create(path, grown)
    return aside
