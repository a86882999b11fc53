"""SQLite files, in WAL mode from their first moment.

Processes that start together would otherwise fall over each other while each switches the mode,
which SQLite does not wait for.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.stores.files.durable import make_folder, remove, write_private
from gateway.stores.outages import DAMAGE

LOCK = ".lock"  # how the name of a lock beside a database ends
TIMEOUT = 10.0  # seconds that one writer waits for another


def make_database(path: Path) -> None:
    """Make an empty database, for its owner only, where there is none. Raises OSError."""
    if not path.exists():
        make_folder(path.parent, 0o700)
        write_private(path, _empty(), replace=False)


def open_database(path: Path) -> sqlite3.Connection:
    """Open a database whose changes survive a power cut, and that overwrites what is taken out."""
    connection = sqlite3.connect(
        path, timeout=TIMEOUT, isolation_level=None, check_same_thread=False
    )
    try:
        connection.text_factory = bytes  # what is damaged may be no text
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def remove_database(path: Path) -> None:
    """Take a database away, and first what SQLite has beside it. Raises OSError."""
    for end in ("-wal", "-shm", ""):
        remove(path.with_name(path.name + end))


@contextmanager
def locked(path: Path, kind: int) -> Iterator[None]:
    """Hold a lock beside a database, shared or alone, which the kernel frees with the process.

    kind: LOCK_SH while it is used, LOCK_EX while its file is taken away. Raises OSError.
    """
    if not path.parent.is_dir():  # a lock need not survive a power cut
        make_folder(path.parent)
    lock = os.open(path.with_suffix(LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, kind)
        yield
    finally:
        os.close(lock)


def is_damage(error: BaseException) -> bool:
    """Return whether an error of SQLite says that a file is not what was written."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE


def require_sound(connection: sqlite3.Connection) -> None:
    """Read a database through. Raises DatabaseError, which is_damage, unless it is sound."""
    (told,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if told not in ("ok", b"ok"):
        error = sqlite3.DatabaseError("the database is not sound")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "empty.db")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        return path.read_bytes()
