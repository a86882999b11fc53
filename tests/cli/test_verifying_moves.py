"""An address that leads to a document is read back like any other, and mended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.app import Services
from gateway.core.documents import Address
from gateway.core.errors import Moved
from gateway.usecases.submissions import Submission
from tests.cli.reading_back import opened, told

pytestmark = pytest.mark.anyio

OLD, NEW = Address("demo", "old"), Address("demo", "new")
SOURCE = b"Title\n\nFree ##paidbegin##paid##paidend##.\n"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """Open a gateway whose document has moved."""
    async with opened(tmp_path / "var") as services:
        await services.publishing.publish(Submission(OLD, SOURCE, "plain"))
        await services.renaming.rename(OLD, "new")
        yield services


async def require_leads(services: Services) -> None:
    with pytest.raises(Moved) as moved:
        await services.store.form(OLD, "html", "identity")
    assert moved.value.slug == "new"


async def test_a_document_that_moved_is_whole(services: Services) -> None:
    assert await told(services) == ([], 0)
    await services.store.rebuild()
    assert [entry.address for entry in await services.store.entries("", "", 9)] == [NEW]
    await require_leads(services)


@pytest.mark.parametrize("harm", ["missing", "cut short", "of another", "of before"])
async def test_a_lead_that_is_lost_is_told_and_mended(
    services: Services, tmp_path: Path, harm: str
) -> None:
    path = tmp_path / "var" / "public" / "demo" / "old.bundle"
    blob = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "cut short":
        path.write_bytes(blob[:-1])
    elif harm == "of another":
        path.write_bytes(path.with_name("new.bundle").read_bytes())
    else:
        editions = await services.ledger.editions(OLD, "", 1)
        await services.store.put(OLD, await services.vault.public(OLD, editions[0].id))
    lines, left = await told(services)
    assert left >= 1
    assert any(line.startswith("preview demo/old: ") for line in lines)
    await told(services, repair=True)
    assert await told(services) == ([], 0)
    await require_leads(services)
