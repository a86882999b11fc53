"""A disk that is really full: told, nothing that was published is lost, and it goes on after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import Services, build, open_services
from gateway.core.documents import Address
from gateway.settings import load
from gateway.stores.files import durable
from tests.support.answers import Answer
from tests.support.asgi import exchange

pytestmark = pytest.mark.anyio

SIZE = 24 << 20  # bytes of the disk; what counts as room is a third of it
SOUND = "Story\n\nIt begins, ##paidbegin##goes on,##paidend## and ends.\n"
FIRST, SECOND = Address("demo", "first"), Address("demo", "second")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a small disk of its own; skipped where nobody may."""
    place = tmp_path / "disk"
    place.mkdir(mode=0o700)
    options = f"size={SIZE},mode=0700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)])
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Fill a disk but for some bytes."""
    filler = disk / "filler"
    found = os.statvfs(disk)
    with filler.open("wb") as file:
        file.write(bytes(found.f_bavail * found.f_frsize - left))
    return filler


async def ready(services: Services) -> tuple[int, bytes]:
    answer = await exchange(build(services), "GET", "/readyz")
    return answer.status, answer.body


async def put(services: Services, key: str, slug: str, body: str) -> Answer:
    """Publish through the API."""
    headers = [("authorization", f"Bearer {key}"), ("content-type", "text/plain")]
    return await exchange(build(services), "PUT", f"/api/documents/{slug}", headers, body.encode())


@pytest.mark.parametrize("left", [0, 4_096, 40_960])
async def test_what_finds_no_room_is_told_and_nothing_is_lost(disk: Path, left: int) -> None:
    settings = load({"PAIDGATE_DATA": str(disk / "var"), "PAIDGATE_REDIS": "none"})
    services = await open_services(settings, in_process=True)
    try:
        key = await services.publishers.add("demo")
        assert (await put(services, key, "first", SOUND)).status == 201
        shown = await services.store.get(FIRST)
        assert (await ready(services))[0] == 200
        filler = fill(disk, left)
        assert await ready(services) == (503, _states("full"))
        bodies = (f"{SOUND}{'x' * 4_000}{number}" for number in range(40))
        answers = [await put(services, key, "second", body) for body in bodies]
        assert answers[-1].status == 503
        assert "has no room left" in json.loads(answers[-1].body)["detail"]
        assert await services.store.get(FIRST) == shown
        assert (await exchange(build(services), "GET", f"/documents/{FIRST}")).status == 200
        filler.unlink()
        assert (await ready(services))[0] == 200
        assert await services.publishing.recover() == {}
        assert (await put(services, key, "second", SOUND)).status in (200, 201)
        assert await services.store.get(SECOND)
    finally:
        await services.close()


def _states(store: str) -> bytes:
    told = {"previews": "ok", "ledger": "ok", "redis": "none", "authority": "none", "store": store}
    return json.dumps(told | {"background": "ok"}).encode()


def test_a_disk_is_called_full_before_it_is(disk: Path) -> None:
    durable.require_room(disk)
    fill(disk, durable.CAPACITY - 8_192)
    with pytest.raises(OSError, match="No space left"):
        durable.require_room(disk)


LIMITED = """
import asyncio, resource, signal
from gateway.app import open_services
from gateway.core.documents import Address
from gateway.core.errors import Unavailable
from gateway.settings import load
from gateway.usecases.submissions import Submission

HERE = Submission(Address("demo", "first"), b"Title\\n\\nWords.", "plain", free=True)

async def run():
    settings = load({"PAIDGATE_DATA": "var", "PAIDGATE_REDIS": "none"})
    services = await open_services(settings, in_process=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, resource.RLIM_INFINITY))
    try:
        await services.publishing.publish(HERE)
    except Unavailable as error:
        print(error.state)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        await services.close()

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(run())
"""


def test_a_limit_on_files_is_told_like_a_full_disk(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "full\n", done.stderr
