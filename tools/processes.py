"""Other programs: run them to their end, or become one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

Command = Sequence[str | Path]

# What pip, uv and apt-get say of a network that is not there.
_AWAY = re.compile(
    r"Temporary failure in name resolution|Temporary failure resolving|Name or service not known"
    r"|No address associated with hostname|nodename nor servname|dns error|failed to lookup address"
    r"|Network is unreachable|No route to host|Connection refused|[Cc]onnection timed out"
    r"|[Rr]ead timed out|[Oo]peration timed out|Cannot connect to proxy|CERTIFICATE_VERIFY_FAILED"
    r"|invalid peer certificate"
)


class Failed(Exception):
    """Raised when a program does; `away` quotes what it said of the network, if anything."""

    def __init__(self, command: Command, status: int, away: str) -> None:
        super().__init__(f"Exit code {status} from: {' '.join(map(str, command))}")
        self.away = away


def say(line: str) -> None:
    """Print one line of progress."""
    print(f"==> {line}", flush=True)


def call(command: Command, environment: Mapping[str, str] | None = None) -> None:
    """Run a command to its end, its complaints passed on. Raises Failed."""
    complaints: deque[str] = deque(maxlen=200)
    # A group of its own: a Ctrl-C is told here, in a line, and not by every program in its own way.
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        text=True,
        errors="replace",
        process_group=0,
    ) as process:
        try:
            assert process.stderr  # noqa: S101  it was asked for
            for line in process.stderr:
                complaints.append(line)
                sys.stderr.write(line)
                sys.stderr.flush()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGTERM)
            raise
    if process.returncode:
        found = _AWAY.findall("".join(complaints))
        raise Failed(command, process.returncode, found[-1] if found else "")


def become(command: Command) -> NoReturn:
    """Turn into another program, so that its exit code and its Ctrl-C are its own."""
    sys.stdout.flush()
    os.execv(command[0], [str(part) for part in command])  # noqa: S606
