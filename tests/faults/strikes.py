"""A process that strikes itself, before a chosen one of the calls by which it changes anything.

Counted are the calls that change files, the statements that change a ledger, and its commits.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from sqlalchemy import Connection, Engine, event

CHANGING = frozenset(
    {"open", "write", "truncate", "ftruncate", "fsync", "rename", "replace", "link", "unlink"}
    | {"mkdir", "rmdir", "INSERT", "UPDATE", "DELETE", "COMMIT"}
)


class Strike:
    """One strike, by a thread that arms it or by one that is started from now on."""

    def __init__(
        self, call: int, number: int = signal.SIGKILL, names: frozenset[str] = CHANGING
    ) -> None:
        self._left = call  # the first is 1; 0 for never
        self._number = number
        self._names = names
        self._counts = False
        if call:
            threading.setprofile(self._see)
            event.listen(Engine, "before_cursor_execute", self._execute)
            event.listen(Engine, "commit", self._commit)

    def arm(self) -> None:
        """Count from now on."""
        if self._left and not self._counts:
            self._counts = True
            sys.setprofile(self._see)  # not before: to be watched costs time

    def _see(self, frame: FrameType, what: str, called: Any) -> None:
        if what == "c_call" and called.__name__ in self._names and _is_of_files(called):
            self._count()

    def _execute(self, connection: Connection, cursor: Any, statement: str, *_: object) -> None:
        if statement.lstrip().partition(" ")[0].upper() in self._names:
            self._count()

    def _commit(self, connection: Connection) -> None:
        if "COMMIT" in self._names:
            self._count()

    def _count(self) -> None:
        if self._counts:
            self._left -= 1
            if self._left == 0:
                self._strike()

    def _strike(self) -> None:
        if self._number == signal.SIGSTOP:  # sent to all, it would let this thread go on a little
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        else:
            os.kill(os.getpid(), self._number)


def _is_of_files(called: Any) -> bool:
    return called.__module__ in ("posix", "_io") or isinstance(
        getattr(called, "__self__", None), io.IOBase
    )
