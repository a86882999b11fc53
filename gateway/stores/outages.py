"""Outages: why a part does not answer, and a line in the log when that begins and when it is over.

An error is told by its kind and number, as logs tell those of libraries: its words may quote
texts, and addresses with their passwords. Strangers are told neither.
"""

from __future__ import annotations

import errno
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from gateway.core.errors import Unavailable

DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}
_DISK_FULL = "53100"  # PostgreSQL's disk_full

# The bases of all that drivers raise beside OSError. By name: some are extras, or slow to import,
# and what is not imported raises nothing.
DRIVERS = {
    "asyncpg": ("PostgresError", "InterfaceError", "InternalClientError"),
    "obstore.exceptions": ("BaseError",),
    "redis.exceptions": ("RedisError",),
    "sqlalchemy.exc": ("SQLAlchemyError", "EmulatedDBAPIException"),
    "sqlite3": ("Error",),
}

# Seconds of an authority's silence until it is told: leases bridge that much, and the embedded
# server takes a moment to come up.
SILENCE = 1.0
# Seconds without a failure until an outage is over. On a full disk reads go on between changes
# that fail; and it is longer than from one anchoring of the audit to the next.
QUIET = 6.0

_log = structlog.get_logger()


class Outages:
    """The parts that do not answer this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running: dict[str, _Outage] = {}

    def failed(self, part: str, error: BaseException, silence: float = 0.0) -> Unavailable:
        """Take up that a part does not answer; return what to raise.

        silence: seconds until that is told.
        """
        now = self._clock()
        outage = self._running.setdefault(part, _Outage(now))
        outage.last = now
        if not outage.is_told and now - outage.begun >= silence:
            outage.is_told = True
            _tell(part, state="begun", why=reason(error))
        return unavailable(part, error)

    def answered(self, part: str) -> None:
        """Take up that a part answers."""
        outage = self._running.get(part)
        if outage is None or (outage.is_told and self._clock() - outage.last < QUIET):
            return
        # Threads fail and answer too: the end of an outage is told by one of them.
        if self._running.pop(part, None) is outage and outage.is_told:
            _tell(part, state="over", seconds=round(outage.last - outage.begun))

    def forget(self) -> None:
        """Know of no outage, as a new process does."""
        self._running.clear()


@dataclass(slots=True)
class _Outage:
    begun: float
    last: float = 0.0  # when it failed last
    is_told: bool = False


def _tell(part: str, **facts: object) -> None:
    if structlog.is_configured():  # the command line has no log
        _log.warning("outage", part=part, **facts)


def faults() -> tuple[type[Exception], ...]:
    """Return the kinds of errors by which a driver says that its server does not answer."""
    imported = DRIVERS.keys() & sys.modules.keys()
    return OSError, *(getattr(sys.modules[name], k) for name in imported for k in DRIVERS[name])


_own = Outages()  # of this process
failed, answered, forget = _own.failed, _own.answered, _own.forget


def unavailable(part: str, error: BaseException) -> Unavailable:
    """Return what to raise; where nothing is logged, as on the command line, it tells why."""
    why = "" if structlog.is_configured() else reason(error)
    return Unavailable(part, why=why, state=_state(_first(error)))


def _state(error: BaseException) -> str:
    code = getattr(error, "sqlite_errorcode", -1)
    if code in _FULL or getattr(error, "sqlstate", "") == _DISK_FULL:
        return "full"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "full"
    return "damaged" if code >= 0 and code & 0xFF in DAMAGE else "down"


def reason(error: BaseException) -> str:
    """Return the kind of a driver's error, and its number where it has one; never its words."""
    error = _first(error)
    kind, number = type(error).__name__, _number(error)
    return f"{kind}: {number}" if number else kind


def _first(error: BaseException) -> BaseException:
    """Return what an error came from: drivers put the true one in wrappers of their own."""
    cause: object = error.__cause__
    if cause is None and not isinstance(error, OSError) and isinstance(error.__context__, OSError):
        cause = error.__context__  # as redis has it
    return _first(cause) if isinstance(cause, Exception) else error


def _number(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return error.strerror or ""
    if isinstance(error, OSError) and error.errno:
        # Not its strerror, which is not always the system's and may hold an address.
        return f"{error.errno} {os.strerror(error.errno)}"
    return str(getattr(error, "sqlite_errorname", "") or getattr(error, "sqlstate", "") or "")
