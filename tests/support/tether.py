"""Become another program, as another account if need be, that dies with the one who started it.

Run as `python tether.py PARENT ACCOUNT COMMAND…` by its path. A program of its own, because code
that runs between fork and exec is unsafe in a process with threads, as a test worker is.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def become(account: str) -> None:
    """Give up root for an ordinary account."""
    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def die_with_parent(parent: int) -> None:
    """Have the kernel interrupt this process, and whatever it becomes, when its parent ends."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent:  # it ended before the tie held
        sys.exit("The parent is gone.")


if __name__ == "__main__":
    parent, account, *command = sys.argv[1:]
    if account != pwd.getpwuid(os.getuid()).pw_name:
        become(account)
    die_with_parent(int(parent))  # after become(): a change of account undoes it
    os.execv(command[0], command)
