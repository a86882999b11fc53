"""What a publisher sends beside a document: pictures and attachments, made and kept.

Nobody but the publisher sees them there. They are shown by the next edition that names them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from unicodedata import normalize

from gateway.core.audit_records import Act, Record
from gateway.core.bundles import Damaged
from gateway.core.companions import (
    MAX_ALL,
    MAX_COMPANIONS,
    Companion,
    origin_of,
    valid_companion_name,
)
from gateway.core.documents import Address
from gateway.core.errors import Conflict, Missing, TooLarge
from gateway.ports import Audit, Clock, MadeCompanion, Vault

Make = Callable[[str, str, bytes, str], Awaitable[MadeCompanion]]  # publisher, name, body, kind


class Picturing:
    """The publisher's side of what stands beside documents."""

    def __init__(self, vault: Vault, audit: Audit, clock: Clock, make: Make) -> None:
        self._vault = vault
        self._audit = audit
        self._clock = clock
        self._make = make

    async def put(
        self, address: Address, name: str, body: bytes, kind: str
    ) -> tuple[Companion, bool]:
        """Keep a picture or an attachment, in place of what has its name; return whether it is new.

        kind: PICTURES or ATTACHMENTS. Raises Malformed, Unsupported, TooLarge, Refused, Conflict,
        Unavailable.
        """
        name = valid_companion_name(name)
        there = {each.name: each for each in await self._vault.shelf.sound(address)}
        before = there.pop(name, None)
        if before and before.origin == origin_of(body) and before.kind == kind:
            with suppress(Damaged):
                await self._vault.shelf.get(address, name)
                return before, False
        made = await self._make(address.publisher, name, body, kind)
        if len(there) >= MAX_COMPANIONS:
            raise Conflict(
                f"This document has {MAX_COMPANIONS} pictures and attachments already.",
                hint="Take out what it does not show any more.",
            )
        size = sum(form.size for form in made.forms.values())
        if size + sum(each.size for each in there.values()) > MAX_ALL:
            raise TooLarge("whole of what stands beside this document", MAX_ALL)
        await self._audit.keep(self._record(Act.ATTACH, address))
        await self._vault.shelf.put(address, made)
        return made.companion, before is None

    async def all(self, address: Address) -> Sequence[Companion]:
        """Return what stands beside a document, by name. Raises Damaged, Unavailable."""
        return await self._vault.shelf.all(address)

    async def get(self, address: Address, name: str, kind: str) -> MadeCompanion:
        """Return one as it will be shown. Raises Missing, Damaged, Unavailable."""
        name = normalize("NFC", name)
        found = await self._vault.shelf.get(address, name)
        if found is None or found.companion.kind != kind:
            raise Missing("picture")
        self._audit.note(self._record(Act.READ, address))
        return found

    async def remove(self, address: Address, name: str, kind: str) -> None:
        """Take one away, whole or damaged; editions that show it go on to.

        Raises Missing, Unavailable.
        """
        name = normalize("NFC", name)
        with suppress(Damaged):
            found = await self._vault.shelf.get(address, name)
            if found is None or found.companion.kind != kind:
                raise Missing("picture")
        await self._audit.keep(self._record(Act.DETACH, address))
        await self._vault.shelf.remove(address, name)

    def _record(self, act: Act, address: Address) -> Record:
        by = f"publisher:{address.publisher}"
        return Record(self._clock.now(), act, by, "", str(address))
