"""Become another program that dies with its parent.

Run as `python -I -S process.py PARENT COMMAND…`. A program of its own, because code that runs
between fork and exec is unsafe in a process with threads.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PR_SET_PDEATHSIG = 1  # linux/prctl.h
M_MMAP_THRESHOLD = -3  # malloc.h of glibc
LARGE = 1 << 20  # bytes


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process, and whatever it becomes, when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the tie held
        sys.exit("The parent is gone.")


def give_back_large_blocks() -> None:
    """Have the C library give large blocks of memory back to the system when they are freed.

    By itself glibc raises the size from which it does so with each block freed, and then keeps what
    a long text has taken.
    """
    with suppress(AttributeError):  # other C libraries have no such thing
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)


class Exhausted(Exception):
    """The time of a processor is used up."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise Exhausted in what takes longer, in seconds of a processor.

    Only the main thread can be held to it, as that of a worker process is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Exhausted

    before = signal.signal(signal.SIGVTALRM, stop)
    # Again and again: what is raised while rubbish is collected gets lost.
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606
