"""Every implementation of a port, each empty, to hold to the same promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.ports import Ledger, PublicStore, Vault
from gateway.stores.engines import open_engines
from gateway.stores.memory import MemoryLedger, MemoryPublicStore, MemoryVault
from gateway.stores.public_files import FilePublicStore
from gateway.stores.sql import open_ledger
from gateway.stores.tables import metadata
from gateway.stores.vault_files import FileVault


class Rivals(NamedTuple):
    """Two ledgers on one record, as two processes have them."""

    one: Ledger
    other: Ledger


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def rivals(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rivals]:
    """Open two ledgers on one empty record."""
    if request.param == "memory":
        ledger = MemoryLedger()
        yield Rivals(ledger, ledger)
        return
    url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    one, other = await open_ledger(url), await open_ledger(url)
    await _empty(url)
    yield Rivals(one, other)
    await one.close()
    await other.close()


async def _empty(url: str) -> None:
    engines = open_engines(url)
    async with engines.writing.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            await connection.execute(table.delete())
    await engines.close()


@pytest.fixture
def ledger(rivals: Rivals) -> Ledger:
    """Open a ledger on an empty record."""
    return rivals.one


@pytest.fixture(params=["memory", "files"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PublicStore:
    """Open an empty public store."""
    if request.param == "memory":
        return MemoryPublicStore()
    return FilePublicStore(tmp_path / "public")


@pytest.fixture(params=["memory", "files"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    """Open an empty vault."""
    if request.param == "memory":
        return MemoryVault()
    return FileVault(tmp_path / "vault")
