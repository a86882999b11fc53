"""The shelf: each companion a bundle of its own, over whatever keeps blobs.

A damaged one is told as damage, and is mended by sending it again or by taking it away.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

import msgspec

from gateway.core.bundles import (
    IDENTITY,
    Bundle,
    Damaged,
    Representation,
    found_in,
    head_end,
    require_whole,
    size_told,
)
from gateway.core.companions import Companion
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.ports import MadeCompanion
from gateway.stores.damages import Damages

SUFFIX = ".companion"
BEGINNING = 8_192  # bytes; all that is told of a companion stands in them

_FACTS = "facts"
_DECODER = msgspec.json.Decoder(Companion)


class Blobs(Protocol):
    """Blobs of one document, by key. Every method raises Unavailable."""

    async def write(self, address: Address, key: str, blob: bytes) -> None: ...

    async def read(self, address: Address, key: str, most: int | None = None) -> bytes | None:
        """Return a blob, or how it begins, None where there is none."""

    async def delete(self, address: Address, key: str) -> bool:
        """Take a blob away; return whether it was there."""

    async def keys(self, address: Address) -> Sequence[str]: ...

    async def sweep(self, address: Address) -> None:
        """Take away what a crash has left."""

    def addresses(self) -> AsyncIterator[Address]: ...


class BlobShelf:
    """Companions as blobs."""

    def __init__(self, blobs: Blobs, damages: Damages) -> None:
        self._blobs = blobs
        self._damages = damages

    async def put(self, address: Address, made: MadeCompanion) -> None:
        """Store durably, in place of what has the same name."""
        key = _key(made.companion.name)
        await self._blobs.write(address, key, _packed(address, key, made))
        self._damages.whole(_thing(address, key))

    async def all(self, address: Address) -> Sequence[Companion]:
        """Return what is told of each companion of a document, by name. Raises Damaged."""
        found = [await self._told(address, key) for key in await self._blobs.keys(address)]
        return sorted(filter(None, found), key=lambda each: each.name)

    async def sound(self, address: Address) -> Sequence[Companion]:
        """Return as `all` does, and leave out what is damaged."""
        found = []
        for key in await self._blobs.keys(address):
            with suppress(Damaged):
                found.append(await self._told(address, key))
        return sorted(filter(None, found), key=lambda each: each.name)

    async def _told(self, address: Address, key: str) -> Companion | None:
        read = partial(self._read_facts, address, key)
        return await self._damages.reading(_thing(address, key), read)

    async def _read_facts(self, address: Address, key: str) -> Companion | None:
        beginning = await self._blobs.read(address, key, BEGINNING)
        return None if beginning is None else _facts_in(beginning, _of(address, key))

    async def get(self, address: Address, name: str) -> MadeCompanion | None:
        """Return a companion with its bytes. Raises Damaged."""
        return await self._whole(address, _key(name))

    async def _whole(self, address: Address, key: str) -> MadeCompanion | None:
        read = partial(self._read_whole, address, key)
        return await self._damages.reading(_thing(address, key), read)

    async def _read_whole(self, address: Address, key: str) -> MadeCompanion | None:
        blob = await self._blobs.read(address, key)
        if blob is None:
            return None
        forms = dict(Bundle.unpack(blob, _of(address, key)).forms)
        facts = forms.pop(_FACTS, None)
        if facts is None:
            raise Damaged("A stored companion is damaged.")
        return MadeCompanion(_DECODER.decode(facts.bodies[IDENTITY]), forms)

    async def remove(self, address: Address, name: str) -> bool:
        """Take a companion away for good; return whether it was there."""
        return await self._remove(address, _key(name))

    async def _remove(self, address: Address, key: str) -> bool:
        was_there = await self._blobs.delete(address, key)
        self._damages.forget(_thing(address, key))
        return was_there

    async def erase(self, address: Address) -> None:
        """Take every companion of a document away for good, and what a crash has left."""
        for key in await self._blobs.keys(address):
            await self._remove(address, key)
        await self._blobs.sweep(address)

    async def look(self, address: Address) -> Sequence[str]:
        """Read every companion of a document back; return which are damaged, in words."""
        faults = []
        for key in await self._blobs.keys(address):
            try:
                await self._whole(address, key)
            except (Damaged, Missing):
                faults.append(f"companion {key} damaged")
        return faults

    def addresses(self) -> AsyncIterator[Address]:
        """Yield the documents that have companions."""
        return self._blobs.addresses()


def _packed(address: Address, key: str, made: MadeCompanion) -> bytes:
    facts = msgspec.json.encode(made.companion)
    forms = {_FACTS: Representation("application/json", "", {IDENTITY: facts}), **made.forms}
    return Bundle(made.companion.origin, forms).pack(_of(address, key))


def _facts_in(beginning: bytes, of: str) -> Companion:
    size = size_told(beginning)
    end = head_end(beginning, size)
    try:
        *_, place, checked = found_in(beginning, end, size, _FACTS, IDENTITY)
    except KeyError:
        raise Damaged("A stored companion is damaged.") from None
    body = beginning[place]
    require_whole(of, checked, body)
    return _DECODER.decode(body)


def _key(name: str) -> str:
    """Return by what a companion is kept: its name can be no name of a file."""
    return hashlib.sha256(name.encode()).hexdigest()[:40]


def _of(address: Address, key: str) -> str:
    return f"companion {address} {key}"


def _thing(address: Address, key: str) -> str:
    return f"companion {address} {key}"
