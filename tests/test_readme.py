"""The session in the README works as it stands there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import comes_true, free_port

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Running:
    """A gateway as `make run` starts it, and what it printed."""

    url: str
    key: str
    printed: str
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("readme")
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


def curl(*arguments: str) -> str:
    return subprocess.run(
        ["curl", "-sS", *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_the_session_in_the_readme_works(running: Running) -> None:
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"<!-- session -->\n```sh\n(.*?)```", readme, re.DOTALL)
    assert found
    environment = os.environ | {"URL": running.url, "KEY": running.key}
    session = subprocess.run(
        ["bash", "-eu", "-c", found[1]], env=environment, capture_output=True, text=True
    )
    assert session.returncode == 0, session.stderr
    told = session.stdout
    assert '"slug": "q1"' in told
    preview, full = told.split("Q1 report\n")[1:]
    assert "Revenue grew." in preview
    assert "42" not in preview
    assert "By 42 percent." in full
    assert full.rstrip().endswith("403")


def test_the_banner_leads_to_the_sample(running: Running) -> None:
    preview, unlock = re.findall(r"(?:Preview|Unlock)\s+(\S+)", running.printed)
    page = curl(preview)
    assert "压实XX各基层党组织书记抓基层</p>" in page
    assert "党建的责任" not in page
    assert "token=" not in page
    token = unlock.partition("token=")[2]
    full = curl("-H", f"Authorization: Bearer {token}", preview.replace("documents", "read"))
    assert "形成震慑力，保障整体工作高质量发展。" in full


def test_logs_are_lines_of_json_without_tokens(running: Running) -> None:
    curl(f"{running.url}/unlock?token=pg1.k1.a-token-to-look-for.x")
    # A line about a request may wait for others before it is written.
    assert comes_true(lambda: '"path": "/unlock"' in running.log.read_text())
    for line in running.log.read_text().splitlines():
        assert not line.startswith("{") or json.loads(line)
    assert "a-token-to-look-for" not in running.log.read_text()
    assert running.key not in running.log.read_text()


def test_sigterm_ends_it_with_success(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(10) == 0
