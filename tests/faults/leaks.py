"""Stores that break a promise, each in one way: the checkers must catch them."""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from gateway.app import SystemClock
from gateway.core.audit_chains import Anchor, link
from gateway.core.audit_records import Record
from gateway.core.bundles import Bundle, Variant
from gateway.core.documents import Address
from gateway.ports import Edition, Ledger
from gateway.stores.files.audit import FileAudit
from gateway.stores.files.durable import PART
from gateway.stores.files.public_store import SUFFIX, FilePublicStore
from gateway.stores.versions import of_public
from tests.faults.loops import FileAnchors, Parts, real_parts

PIECE = 64  # bytes


class InPlace(FilePublicStore):
    """Write a bundle where it is read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._place = root

    async def put(self, address: Address, bundle: Bundle, since: str | None = None) -> None:
        path = self._place / address.publisher / f"{address.slug}{SUFFIX}"
        path.parent.mkdir(exist_ok=True)
        blob = bundle.pack(of_public(address))
        with path.open("wb", buffering=0) as file:
            for at in range(0, len(blob), PIECE):
                file.write(blob[at : at + PIECE])
            os.fsync(file.fileno())
        await super().put(address, bundle)


class TwoFiles(FilePublicStore):
    """Keep the page in one file and the other forms in another."""

    async def put(self, address: Address, bundle: Bundle, since: str | None = None) -> None:
        forms = dict(bundle.forms)
        page = {"html": forms.pop("html")}
        await super().put(_other(address), replace(bundle, forms=page, entry=None))
        await super().put(address, replace(bundle, forms=forms))

    async def form(self, address: Address, form: str, coding: str) -> Variant | None:
        return await super().form(_other(address) if form == "html" else address, form, coding)

    def ready(self, address: Address, form: str, coding: str) -> None:
        return None


def _other(address: Address) -> Address:
    return Address(address.publisher, f"{address.slug}-page")


class Littering(FilePublicStore):
    """Write under a fresh name each time."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._place = root

    async def put(self, address: Address, bundle: Bundle, since: str | None = None) -> None:
        file, name = tempfile.mkstemp(PART, ".", self._place)
        os.write(file, bundle.pack(of_public(address)))
        os.fsync(file)
        os.close(file)
        await super().put(address, bundle)
        os.unlink(name)  # noqa: PTH108  a thread for it would change nothing


class WriteBehind:
    """A ledger that answers from memory, and commits when the next change comes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ahead: dict[Address, Edition] = {}
        self._waiting: list[tuple[Edition, str | None]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def current(self, address: Address) -> Edition | None:
        return self._ahead.get(address) or await self._ledger.current(address)

    async def make_current(self, edition: Edition, expected: str | None, erasures: int = 0) -> None:
        await self._commit()
        self._ahead[edition.address] = edition
        self._waiting.append((edition, expected))

    async def _commit(self) -> None:
        while self._waiting:
            edition, expected = self._waiting.pop()
            await self._ledger.make_current(edition, expected)
            await self._ledger.settle(edition.address, edition.id)

    async def settle(self, address: Address, edition: str | None) -> bool:
        return address in self._ahead or await self._ledger.settle(address, edition)

    async def remove(self, address: Address, expected: str, at: int | None = None) -> None:
        await self._commit()
        self._ahead.pop(address, None)
        await self._ledger.remove(address, expected, at)


class HastyAudit(FileAudit):
    """Acknowledge a change that is only noted."""

    async def keep(self, *records: Record) -> None:
        for record in records:
            self.note(record)
        await asyncio.sleep(0)


class BoldAudit(FileAudit):
    """Anchor what will be written in a moment."""

    async def keep(self, *records: Record) -> None:
        await super().keep()
        if self._current:
            _, head = link(self._current.head, self._clock.now(), records)
            await self._anchors.anchor(Anchor(head.chain, head.number, head.hash, 0))
        await super().keep(*records)


def hasty(folder: Path) -> FileAudit:
    return _audit(HastyAudit, folder)


def bold(folder: Path) -> FileAudit:
    return _audit(BoldAudit, folder)


def _audit(kind: type[FileAudit], folder: Path) -> FileAudit:
    anchors = FileAnchors(folder / "anchors")
    return kind(folder / "audit", SystemClock(), anchors, host="here")


async def in_place(folder: Path) -> Parts:
    ledger, _, vault = await real_parts(folder)
    return ledger, InPlace(folder / "public"), vault


async def two_files(folder: Path) -> Parts:
    ledger, _, vault = await real_parts(folder)
    return ledger, TwoFiles(folder / "public"), vault


async def littering(folder: Path) -> Parts:
    ledger, _, vault = await real_parts(folder)
    return ledger, Littering(folder / "public"), vault


async def write_behind(folder: Path) -> Parts:
    ledger, store, vault = await real_parts(folder)
    return cast("Ledger", WriteBehind(ledger)), store, vault
