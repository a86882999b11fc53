"""Every implementation of a port, each empty, to hold to the same promises."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Connection

from gateway.core.audit_chains import records
from gateway.core.audit_records import Record
from gateway.ports import Audit, Ledger, PublicStore, Vault
from gateway.stores.files.audit import FileAudit
from gateway.stores.files.chains import chains_in, lines_of
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.vault import FileVault
from gateway.stores.memory import (
    MemoryAnchors,
    MemoryAudit,
    MemoryLedger,
    MemoryPublicStore,
    MemoryVault,
)
from gateway.stores.s3.bucket import Bucket
from gateway.stores.s3.public_store import ObjectPublicStore
from gateway.stores.s3.vault import ObjectVault
from gateway.stores.sql.engines import open_engines
from gateway.stores.sql.ledger import open_ledger
from gateway.stores.sql.tables import metadata
from tests.support.s3 import S3
from tests.support.services import FrozenClock


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
    await engines.change(_empty_tables)
    await engines.close()


def _empty_tables(connection: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())


@pytest.fixture
def ledger(rivals: Rivals) -> Ledger:
    """Open a ledger on an empty record."""
    return rivals.one


@pytest.fixture
def place(s3: S3) -> str:
    """Address an empty place in a real bucket."""
    return s3.url(secrets.token_hex(8))


@pytest.fixture
def bucket(s3: S3, place: str) -> Bucket:
    """Open an empty place in a real bucket."""
    return Bucket(place, **s3._asdict())


@pytest.fixture(params=["memory", "files", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PublicStore:
    """Open an empty public store."""
    if request.param == "memory":
        return MemoryPublicStore()
    if request.param == "s3":
        return ObjectPublicStore(request.getfixturevalue("bucket"))
    return FilePublicStore(tmp_path / "public")


@pytest.fixture(params=["memory", "files", "s3"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    """Open an empty vault."""
    if request.param == "memory":
        return MemoryVault()
    if request.param == "s3":
        return ObjectVault(request.getfixturevalue("bucket"))
    return FileVault(tmp_path / "vault")


class Audited(NamedTuple):
    """An audit, and how to read what it says."""

    audit: Audit
    records: Callable[[], list[Record]]


@pytest.fixture(params=["memory", "files"])
async def audited(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Audited]:
    """Open an empty audit."""
    if request.param == "memory":
        memory = MemoryAudit()
        yield Audited(memory, lambda: memory.records)
        return
    folder = tmp_path / "audit"
    files = FileAudit(folder, FrozenClock(), MemoryAnchors())
    yield Audited(files, lambda: recorded(folder))
    await files.close()


def recorded(folder: Path) -> list[Record]:
    """Return every record on file."""
    return [r for chain in chains_in(folder) for r in records(lines_of(folder, chain))]
