"""The session in the README works as it stands there."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import sessions
from tests.support.servers import comes_true
from tests.support.sessions import Running
from tools.venv import ROOT


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with sessions.running(tmp_path_factory.mktemp("readme")) as gateway:
        yield gateway


def curl(*arguments: str) -> str:
    return subprocess.run(
        ["curl", "-sS", *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_the_session_in_the_readme_works(running: Running, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"<!-- session -->\n```sh\n(.*?)```", readme, re.DOTALL)
    assert found
    session = running.shell(found[1], tmp_path)
    assert session.returncode == 0, session.stderr
    told = session.stdout
    assert '"slug":"q1"' in told
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
