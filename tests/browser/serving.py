"""A gateway with one publisher, as browsers meet it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import comes_true, free_port, stop

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that serves, and the key of its publisher."""

    origin: str
    key: str


@contextmanager
def serving(folder: Path) -> Iterator[Gateway]:
    """Serve a gateway with one publisher, demo, that keeps its data in a folder."""
    environ = os.environ | {"PAIDGATE_DATA": str(folder), "PAIDGATE_REDIS": "none"}
    command = [sys.executable, "-m", "gateway"]
    adding = [*command, "publisher", "add", "demo"]
    added = subprocess.run(adding, cwd=ROOT, env=environ, capture_output=True, text=True)
    key = re.search(r"pgk-\w+", added.stdout)
    assert key, added.stderr
    port = free_port()
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "serve", "--port", str(port)],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        serves = comes_true(lambda: b"serves on" in log.read_bytes() or server.poll() is not None)
        assert serves, log.read_text()
        assert server.poll() is None, log.read_text()
        yield Gateway(f"http://127.0.0.1:{port}", key[0])
    finally:
        stop(server)
