"""Shell sessions that the documentation shows, run against a gateway as `make run` starts it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import comes_true, free_port
from tools.venv import ROOT


@dataclass(frozen=True)
class Running:
    """A gateway as `make run` starts it, and what it printed."""

    url: str
    key: str
    printed: str
    process: subprocess.Popen[bytes]
    log: Path

    def shell(self, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a script of the documentation against this gateway."""
        return subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=folder,
            env=os.environ | {"URL": self.url, "KEY": self.key},
            capture_output=True,
            text=True,
        )


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Start the gateway with the demo, and end it."""
    port = free_port()
    command = [sys.executable, "-m", "gateway", "serve", "--demo", "content", "--port", str(port)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PAIDGATE_")}
    environment["PAIDGATE_DATA"] = str(folder / "var")
    out, log = folder / "out", folder / "log"
    with out.open("wb") as printed, log.open("wb") as logged:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=printed, stderr=logged
        )
    try:
        assert comes_true(lambda: "Ctrl-C" in out.read_text() or process.poll() is not None)
        told = out.read_text()
        key = re.search(r"pgk-[0-9a-f]+", told)
        assert key, log.read_text()
        yield Running(f"http://127.0.0.1:{port}", key[0], told, process, log)
    finally:
        process.kill()
        process.wait()
