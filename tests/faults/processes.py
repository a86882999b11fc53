"""Which processes are alive, as the kernel tells it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def living_in(folder: Path) -> frozenset[int]:
    """Return the processes that were all alive, in this working folder, at one moment."""
    # Two looks: whoever was seen in both was there all the time between them.
    return _seen_in(folder) & _seen_in(folder)


def _seen_in(folder: Path) -> frozenset[int]:
    processes = (path for path in Path("/proc").iterdir() if path.name.isdecimal())
    return frozenset(int(path.name) for path in processes if _is_in(path, folder))


def _is_in(process: Path, folder: Path) -> bool:
    try:
        # One that is ending has no memory any more, and so no command line.
        return (process / "cwd").readlink() == folder and bool((process / "cmdline").read_bytes())
    except OSError:
        return False


def children_of(parent: int) -> frozenset[int]:
    """Return the processes that a process has started, and theirs."""
    found: set[int] = set()
    for path in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has ended since, or a process
            for child in map(int, path.read_text().split()):
                found |= {child} | children_of(child)
    return frozenset(found)


def is_alive(process: int) -> bool:
    """Return whether there is such a process."""
    return Path(f"/proc/{process}").exists()


def is_stopped(process: int) -> bool:
    """Return whether a process stands still after a signal."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def waits_for_a_lock(process: int) -> bool:
    """Return whether a process waits for a lock on a file."""
    waiting = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(words[1] == "->" and words[5] == str(process) for words in waiting)
