"""A data folder of each format there ever was is opened by today's code, and brought up by it."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.app import Services, build
from gateway.cli.upgrading import Upgraded, upgrade
from gateway.cli.verifying import verify
from gateway.core.documents import Address
from gateway.core.errors import Revoked
from gateway.usecases.reading import Credential
from tests.support.asgi import exchange
from tests.support.services import FrozenClock
from tests.upgrades.make import DOCUMENTS, TOLD, open_old

pytestmark = pytest.mark.anyio

FORMATS = sorted(path.parent.name for path in Path(__file__).parent.glob(f"*/{TOLD}"))
PAID = {"story": b"goes on,", "report": "收费的第二节。".encode()}
BEFORE = "before-0.1.0"  # without checks


@pytest.fixture(params=FORMATS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Copy a kept data folder; a checkout has not the modes that a gateway gives."""
    folder: Path = tmp_path / request.param
    shutil.copytree(Path(__file__).parent / request.param, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return folder


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Services]:
    """Open a gateway as a process would that starts now, with other ids than the one before."""
    services = await open_old(folder, FrozenClock(seed=2))
    try:
        yield services
    finally:
        await services.close()


async def require_all(services: Services, told: dict[str, str]) -> None:
    """See to it that everything is there that was put there."""
    app = build(services)
    for slug, paid in PAID.items():
        credential = Credential(bearer=told["stands"])
        opened = await services.reading.open(Address("demo", slug), credential, "txt")
        assert paid in opened.text.body
        shown = await exchange(app, "GET", f"/documents/demo/{slug}")
        assert shown.status == 200
        assert paid not in shown.body
        assert f"/documents/demo/{slug}".encode() in (await exchange(app, "GET", "/")).body
        _, source = await services.publishing.source(Address("demo", slug))
        assert source.decode() == DOCUMENTS[slug][1]
        assert len(await services.publishing.editions(Address("demo", slug), "", 9)) == 2
    credential = Credential(bearer=told["revoked"])
    with pytest.raises(Revoked):
        await services.reading.open(Address("demo", "story"), credential, "txt")
    assert (await services.api_keys.known(told["key"])).publisher == "demo"


def test_there_is_a_folder_of_the_format_before_checks_and_of_today() -> None:
    assert BEFORE in FORMATS
    assert len(FORMATS) > 1


async def test_what_an_earlier_version_has_stored_is_served(kept: Path) -> None:
    told = json.loads((kept / TOLD).read_text())
    async with opened(kept) as services:
        await require_all(services, told)
        redeemed = await services.redeeming.redeem(told["code"], None)
        assert redeemed.address == Address("demo", "report")


async def test_what_is_of_an_earlier_version_is_told_from_damage_and_brought_up(
    kept: Path,
) -> None:
    told = json.loads((kept / TOLD).read_text())
    said: list[str] = []
    async with opened(kept) as services:
        before = await verify(services, said.append, repair=False)
        done = await upgrade(services, said.append)
        await require_all(services, told)
    async with opened(kept) as services:
        after = await verify(services, said.append, repair=False)
    assert said == []
    count = 6 if kept.name == BEFORE else 0  # two documents with two editions each
    assert (before.left, before.earlier) == (0, count)
    assert (done.editions + done.previews, done.left) == (count, 0)
    assert (after.left, after.earlier) == (0, 0)


async def test_to_bring_up_changes_no_public_byte(kept: Path) -> None:
    targets = [f"/documents/demo/{slug}{end}" for slug in PAID for end in ("", ".md", ".json")]
    async with opened(kept) as services:
        before = [await exchange(build(services), "GET", target) for target in targets]
        await upgrade(services, print)
        after = [await exchange(build(services), "GET", target) for target in targets]
    assert before == after


async def test_what_is_brought_up_is_the_same_edition_still(kept: Path) -> None:
    async with opened(kept) as services:
        before = await services.publishing.documents("demo", "", 9)
        await upgrade(services, print)
        assert await services.publishing.documents("demo", "", 9) == before
        assert await upgrade(services, print) == Upgraded()
