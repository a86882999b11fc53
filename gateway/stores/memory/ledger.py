"""A ledger in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from gateway.core.api_keys import ApiKey
from gateway.core.audit_chains import Anchor
from gateway.core.cache_keys import SIGNING_KEYS, api_key_key, document_key, grant_key, reader_key
from gateway.core.codes import Code, State
from gateway.core.documents import Address
from gateway.core.errors import (
    AlreadyMoved,
    Conflict,
    Expired,
    Missing,
    Revoked,
    Stale,
    UsedUp,
)
from gateway.core.rights import Grant, Scope, ScopeKind, Standing
from gateway.core.tokens import KeyState
from gateway.ports import (
    ANY_GRANT,
    ERA,
    Answer,
    AuthorityRecord,
    Device,
    Edition,
    Look,
    Outgoing,
    Reader,
    Wanted,
)


class MemoryAnchors:
    """Anchors in memory."""

    def __init__(self) -> None:
        self._anchors: dict[str, Anchor] = {}

    async def anchor(self, anchor: Anchor) -> None:
        known = self._anchors.get(anchor.chain)
        if known is None or known.number < anchor.number:
            self._anchors[anchor.chain] = anchor

    async def anchors(self) -> Sequence[Anchor]:
        return sorted(self._anchors.values(), key=lambda anchor: anchor.chain)


class MemoryLedger(MemoryAnchors):
    """A ledger in memory. Every method runs without a pause, and so is one transaction."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, ApiKey] = {}
        self._sessions: dict[str, tuple[str, int]] = {}
        self._seeds: dict[tuple[str, str], tuple[str, int]] = {}
        self._editions: dict[Address, dict[str, Edition]] = {}
        self._current: dict[Address, str] = {}
        self._unsettled: dict[Address, None] = {}
        self._deleted: dict[Address, int] = {}
        self._erasures: dict[Address, int] = {}
        self._moved: dict[Address, str] = {}
        self._grants: dict[str, Grant] = {}
        self._epochs: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._redeemed: dict[str, dict[str, int]] = {}
        self._answers: dict[tuple[str, str], Answer] = {}
        self._codes: dict[str, Code] = {}
        self._outbox: dict[int, Outgoing] = {}
        self._noted = 0
        self._signing_keys: dict[str, KeyState] = {}
        self._authority: AuthorityRecord | None = None
        self._attendance: dict[str, int] = {}
        self._publishers: set[str] = set()
        self._fingerprints: dict[str, str] = {}
        self._roll: dict[str, str] = {}

    def _note(self, *keys: str) -> None:
        for key in sorted(keys):
            self._noted += 1
            self._outbox[self._noted] = Outgoing(self._noted, key)

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    # --- publishers ---

    async def add_publisher(self, publisher: str, key_hash: str, at: int) -> None:
        self._publishers.add(publisher)
        if key_hash:
            self._keys.setdefault(key_hash, ApiKey(key_hash, publisher, made_at=at))

    async def add_key(self, key: ApiKey) -> None:
        self._publishers.add(key.publisher)
        self._keys.setdefault(key.hash, key)

    async def key(self, key_hash: str) -> ApiKey | None:
        return self._keys.get(key_hash)

    async def keys(self, publisher: str) -> Sequence[ApiKey]:
        found = (key for key in self._keys.values() if key.publisher == publisher)
        return sorted(found, key=lambda key: key.hash)

    async def note_use(self, key_hash: str, at: int) -> None:
        self._keys[key_hash] = replace(self._keys[key_hash], used_at=at)

    async def end_key(self, key_hash: str, at: int) -> None:
        known = self._keys[key_hash]
        if known.ended_at is None:
            self._keys[key_hash] = replace(known, ended_at=at)
        self._sessions = {s: of for s, of in self._sessions.items() if of[0] != key_hash}
        self._note(api_key_key(known.id))

    async def begin_session(self, session: str, key_hash: str, at: int, ends: int) -> None:
        self._sessions = {s: of for s, of in self._sessions.items() if of[1] > at}
        self._sessions[session] = key_hash, ends

    async def session(self, session: str) -> ApiKey | None:
        known = self._sessions.get(session)
        return self._keys[known[0]] if known else None

    async def end_session(self, session: str) -> None:
        self._sessions.pop(session, None)

    async def keep_seed(self, publisher: str, key: str, seed: str, at: int) -> None:
        self._seeds.setdefault((publisher, key), (seed, at))

    async def seed(self, publisher: str, key: str, since: int) -> str:
        seed, at = self._seeds.get((publisher, key), ("", 0))
        return seed if at > since else ""

    async def forget_seeds(self, before: int) -> None:
        self._seeds = {key: kept for key, kept in self._seeds.items() if kept[1] > before}

    async def is_publisher(self, name: str) -> bool:
        return name in self._publishers

    async def publishers(self, after: str, limit: int) -> Sequence[str]:
        return sorted(name for name in self._publishers if name > after)[:limit]

    async def fingerprint(self, what: str) -> str:
        return self._fingerprints.get(what, "")

    async def set_fingerprint(self, what: str, value: str, before: str) -> None:
        if self._fingerprints.get(what, "") == before:
            self._fingerprints[what] = value

    async def enter(self, worker: str, era: str) -> None:
        self._roll[worker] = ""
        self._fingerprints[ERA] = era

    async def look(self, worker: str, limit: int) -> Look:
        keys = frozenset([*{each.key: None for each in self._outbox.values()}][:limit])
        doubt = self._roll.get(worker)
        return Look(doubt is not None, doubt or "", self._fingerprints.get(ERA, ""), keys)

    async def vouch(self, worker: str) -> bool:
        if worker not in self._roll:
            return False
        self._roll[worker] = ""
        return True

    async def roll(self) -> frozenset[str]:
        return frozenset(self._roll)

    async def doubt(self, workers: Collection[str], word: str) -> None:
        self._roll |= {worker: word for worker in workers if worker in self._roll}

    async def strike(self, doubted: Mapping[str, str]) -> None:
        self._roll = {w: d for w, d in self._roll.items() if doubted.get(w) != d}

    async def examine(self) -> Sequence[str]:
        return ()

    # --- documents ---

    async def current(self, address: Address) -> Edition | None:
        edition = self._current.get(address)
        return self._editions[address][edition] if edition else None

    async def edition(self, address: Address, edition: str) -> Edition | None:
        return self._editions.get(address, {}).get(edition)

    async def editions(self, address: Address, before: str, limit: int) -> Sequence[Edition]:
        newest = list(reversed(self._editions.get(address, {}).values()))
        ids = [edition.id for edition in newest]
        if before and before not in ids:
            return []
        start = ids.index(before) + 1 if before else 0
        return newest[start : start + limit]

    async def documents(
        self, publisher: str, after: str, limit: int, *, collection: str = ""
    ) -> Sequence[Edition]:
        addresses = [a for a in self._current if a.publisher == publisher and a.slug > after]
        current = [self._editions[a][self._current[a]] for a in sorted(addresses)]
        return [e for e in current if collection in ("", e.collection)][:limit]

    async def all_editions(self, after: Edition | None, limit: int) -> Sequence[Edition]:
        every = (edition for known in self._editions.values() for edition in known.values())
        ordered = sorted(every, key=_place)
        return [e for e in ordered if after is None or _place(e) > _place(after)][:limit]

    async def make_current(self, edition: Edition, expected: str | None, erasures: int = 0) -> None:
        address = edition.address
        self._publishers.add(address.publisher)
        is_another = expected is None and self._erasures.get(address, 0) != erasures
        if self._current.get(address) != expected or is_another or erasures % 2:
            raise Stale(self._current.get(address))
        self._deleted.pop(address, None)
        self._moved.pop(address, None)
        self._editions.setdefault(address, {}).setdefault(edition.id, edition)
        self._current[address] = edition.id
        self._unsettled[address] = None
        self._note(document_key(address))

    async def rename(self, before: Edition, after: Edition, erasures: int = 0) -> None:
        old, new = before.address, after.address
        if self._current.get(old) != before.id:
            raise Stale(self._current.get(old))
        await self.make_current(after, None, erasures)
        await self.remove(old, before.id)
        for address in (*await self.former(old), old):
            self._moved[address] = new.slug
            self._unsettled[address] = None
        self._move_rights(old, new)

    def _move_rights(self, old: Address, new: Address) -> None:
        before, after = (Scope(a.publisher, ScopeKind.DOCUMENT, a.slug) for a in (old, new))
        has_it = {(g.source, g.source_ref) for g in self._grants.values() if g.scope == after}
        for known in [g for g in self._grants.values() if g.scope == before]:
            if not known.source_ref or (known.source, known.source_ref) not in has_it:
                newer = replace(known, scope=after, version=known.version + 1)
                self._grants[known.id] = newer
                self._note(grant_key(known.id))
                self._raise_readers(r for r, held in self._redeemed.items() if known.id in held)
        for code in [c for c in self._codes.values() if c.scope == before]:
            self._codes[code.id] = replace(code, scope=after)

    def _followed(self, scope: Scope) -> Scope:
        slug = self._moved.get(scope.address) if scope.address else None
        return replace(scope, name=slug) if slug else scope

    async def moved(self, address: Address) -> str:
        return self._moved.get(address, "")

    async def former(self, address: Address) -> Sequence[Address]:
        to = address.publisher, address.slug
        return sorted(a for a, slug in self._moved.items() if (a.publisher, slug) == to)

    async def waiting(self, deleted: int, limit: int) -> Sequence[Address]:
        due = [(at, address) for address, at in self._deleted.items() if at <= deleted]
        return [address for _, address in sorted(due)][:limit]

    async def erasures(self, address: Address) -> int:
        return self._erasures.get(address, 0)

    async def begin_erasing(self, address: Address, expected: str | None) -> None:
        number = self._erasures.get(address, 0)
        if not self._editions.get(address) and number % 2 == 0:
            raise Missing("document")
        if self._current.get(address) != expected:
            raise Stale(self._current.get(address))
        self._current.pop(address, None)
        self._moved.pop(address, None)
        self._editions.pop(address, None)
        self._deleted[address] = 0
        self._erasures[address] = number + 1 - number % 2
        self._unsettled[address] = None
        self._note(document_key(address))

    async def end_erasing(self, address: Address, erasures: int) -> None:
        if self._erasures.get(address) == erasures and erasures % 2:
            self._erasures[address] += 1
            self._deleted.pop(address, None)

    async def scrub(self) -> None:
        return

    async def remove(self, address: Address, expected: str, at: int | None = None) -> None:
        if self._current.get(address) != expected:
            raise Stale(self._current.get(address))
        del self._current[address]
        if at is not None:
            self._deleted[address] = at
        self._unsettled[address] = None
        self._note(document_key(address))

    async def unsettled(self, limit: int, after: Address | None = None) -> Sequence[Address]:
        return sorted(a for a in self._unsettled if after is None or a > after)[:limit]

    async def settle(self, address: Address, edition: str | None, moved: str = "") -> bool:
        if (self._current.get(address), self._moved.get(address, "")) != (edition, moved):
            return False
        self._unsettled.pop(address, None)
        return True

    # --- grants ---

    async def add_grant(self, grant: Grant) -> Grant:
        grant = replace(grant, scope=self._followed(grant.scope))
        kept = self._put_grant(grant)
        self._note(grant_key(kept.id))
        return kept

    def _put_grant(self, grant: Grant) -> Grant:
        self._publishers.add(grant.scope.publisher)
        if grant.parent:
            self._require_parent(grant.parent)
        for known in self._grants.values():
            same = (known.source, known.source_ref, known.scope)
            if grant.source_ref and same == (grant.source, grant.source_ref, grant.scope):
                return known
        if grant.id in self._grants:
            raise Conflict("Another grant has this id.")
        self._grants[grant.id] = grant
        return grant

    async def grant(self, grant: str) -> Grant | None:
        return self._grants.get(grant)

    async def grants(
        self,
        publisher: str,
        *,
        subject: str,
        scope: str,
        after: str,
        limit: int,
        wanted: Wanted = ANY_GRANT,
    ) -> Sequence[Grant]:
        found = [
            grant
            for grant in self._grants.values()
            if grant.scope.publisher == publisher
            and grant.id > after
            and subject in ("", grant.subject)
            and scope in ("", str(grant.scope))
            and _is_wanted(grant, wanted)
        ]
        return sorted(found, key=lambda grant: grant.id)[:limit]

    def _require_parent(self, parent: str) -> None:
        known = self._grants.get(parent) or self._codes.get(parent)
        if known is None:
            raise Missing("parent")
        if known.revoked_at is not None:
            raise Revoked

    async def revoke(self, revoked: str, at: int) -> None:
        code = self._codes.get(revoked)
        if code and code.revoked_at is None:
            self._codes[revoked] = replace(code, revoked_at=at)
        family = [revoked]
        for elder in family:
            family += [g.id for g in self._grants.values() if g.parent == elder]
        for each in filter(self._grants.__contains__, family):
            known = self._grants[each]
            if known.revoked_at is None:
                newer = replace(known, revoked_at=at, version=known.version + 1)
                self._grants[each] = newer
            self._note(grant_key(each))
            self._raise_readers(r for r, grants in self._redeemed.items() if each in grants)

    async def finish_revocations(self) -> int:
        return 0  # none is ever cut off

    async def renew(self, grant: str, epoch: int, at: int) -> None:
        known = self._grants.get(grant)
        if known and known.epoch < epoch:
            self._grants[grant] = replace(known, epoch=epoch, version=known.version + 1)
        self._note(grant_key(grant))

    def _raise_readers(self, readers: Iterable[str]) -> None:
        for reader in readers:
            self._versions[reader] = self._versions.get(reader, 0) + 1
            self._note(reader_key(reader))

    async def devices(self, grant: str, limit: int) -> Sequence[Device]:
        found = [
            Device(r, grants[grant]) for r, grants in self._redeemed.items() if grant in grants
        ]
        return sorted(found, key=lambda device: (device.at, device.reader))[:limit]

    async def evict(self, grant: str, reader: str) -> bool:
        if grant not in self._redeemed.get(reader, {}):
            return False
        del self._redeemed[reader][grant]
        self._raise_readers([reader])
        return True

    # --- codes ---

    async def add_codes(self, codes: Sequence[Code]) -> None:
        hashes = [code.hash for code in (*self._codes.values(), *codes)]
        if len(set(hashes)) != len(hashes):
            raise Conflict("The ledger holds something else under this name.")
        followed = (replace(code, scope=self._followed(code.scope)) for code in codes)
        self._codes |= {code.id: code for code in followed}

    async def code(self, code_hash: str) -> Code | None:
        return next((code for code in self._codes.values() if code.hash == code_hash), None)

    async def code_by_id(self, code: str) -> Code | None:
        return self._codes.get(code)

    async def codes(
        self, publisher: str, after: str, limit: int, *, scope: str = ""
    ) -> Sequence[Code]:
        found = [
            code
            for code in self._codes.values()
            if code.scope.publisher == publisher
            and code.id > after
            and scope in ("", str(code.scope))
        ]
        return sorted(found, key=lambda code: code.id)[:limit]

    async def redeem_code(self, code: str, grant: Grant, reader: str, at: int) -> Reader:
        known = self._codes.get(code)
        if known is None:
            raise Missing("code")
        if known.revoked_at is not None:
            raise Revoked
        of_code = [g for g in self._grants.values() if (g.source, g.parent) == (grant.source, code)]
        held = [g for g in of_code if g.id in self._redeemed.get(reader, {})]
        if held:
            opened = held[0]
        elif known.state(at) is State.OPEN:
            self._codes[code] = replace(known, uses=known.uses + 1)
            opened = await self.add_grant(replace(grant, source_ref=f"{code}/{known.uses + 1}"))
        else:
            opened = self._open(known, of_code, at)
        return await self.redeem(reader, opened.id, at)

    def _open(self, code: Code, grants: Sequence[Grant], at: int) -> Grant:
        for each in grants:
            taken = sum(each.id in others for others in self._redeemed.values())
            places = each.devices if code.max_uses == 1 else 1
            if each.standing(at) in (Standing.STANDS, Standing.NOT_YET) and taken < places:
                return each
        if code.uses < code.max_uses:
            raise Expired
        if code.max_uses == 1:
            for each in grants:
                if each.standing(at) is Standing.REVOKED:
                    raise Revoked
                if each.standing(at) is Standing.ENDED:
                    raise Expired
        raise UsedUp

    # --- readers ---

    async def reader(self, reader: str) -> Reader | None:
        if reader not in self._epochs:
            return None
        redeemed = self._redeemed.get(reader, {})
        ids = sorted(redeemed, key=lambda grant: (redeemed[grant], grant))
        grants = tuple(self._grants[grant] for grant in ids)
        return Reader(reader, self._epochs[reader], grants, self._versions.get(reader, 0))

    async def redeem(self, reader: str, grant: str, at: int) -> Reader:
        redeemed = self._redeemed.get(reader, {})
        if grant not in redeemed:
            devices = sum(grant in others for others in self._redeemed.values())
            if grant not in self._grants:
                raise Missing("grant")
            if devices >= self._grants[grant].devices:
                raise UsedUp
            self._epochs.setdefault(reader, 0)
            self._redeemed.setdefault(reader, {})[grant] = at
            self._raise_readers([reader])
        else:
            self._note(reader_key(reader))
        found = await self.reader(reader)
        if found is None:
            raise Missing("reader")
        return found

    async def forget(self, reader: str) -> bool:
        if reader not in self._epochs:
            return False
        for grant in self._redeemed.pop(reader, {}):
            known = self._grants[grant]
            if known.source_ref == f"{known.parent}/{reader}":
                self._grants[grant] = replace(known, source_ref=f"{known.parent}/{grant}")
        del self._epochs[reader]
        self._versions.pop(reader, None)
        self._note(reader_key(reader))
        return True

    async def sign_out(self, reader: str) -> None:
        if reader in self._epochs:
            self._epochs[reader] += 1
            self._redeemed.pop(reader, None)
            self._raise_readers([reader])

    async def move(self, reader: str, epoch: int, to: str, at: int) -> Reader:
        found = await self.reader(reader)
        if found is None:
            raise Missing("reader")
        now = found.auth_epoch
        kept = self._answers.get(("", f"move {reader} {epoch}"))
        if kept is None and now == epoch:
            self._answers["", f"move {reader} {epoch}"] = Answer(to, 303, b"")
            self._epochs[reader] += 1
            self._raise_readers([reader])
        elif kept is None or kept.fingerprint != to or now != epoch + 1:
            raise AlreadyMoved
        return await self.reader(reader) or found

    # --- answers ---

    async def answer(self, publisher: str, key: str) -> Answer | None:
        return self._answers.get((publisher, key))

    async def keep_answer(self, publisher: str, key: str, answer: Answer, at: int) -> None:
        self._answers.setdefault((publisher, key), answer)

    # --- upkeep ---

    async def outbox(self, limit: int) -> Sequence[Outgoing]:
        return list(self._outbox.values())[:limit]

    async def newest_outgoing(self) -> int:
        return max(self._outbox, default=0)

    async def confirm(self, outbox: Sequence[Outgoing], authority: str = "") -> bool:
        if self._goes_by() != authority:
            return False
        for each in outbox:
            self._outbox.pop(each.seq, None)
        return True

    def _goes_by(self) -> str:
        return self._authority.id if self._authority else ""

    async def authority(self) -> AuthorityRecord | None:
        return self._authority

    async def replace_authority(
        self, before: AuthorityRecord | None, after: AuthorityRecord, at: int
    ) -> None:
        if self._authority != before:
            raise Stale(None)
        self._authority = after
        self._attendance.clear()

    async def attend(self, house: str, authority: str) -> bool:
        if self._goes_by() != authority:
            return False
        self._attendance[house] = self._attendance.get(house, 0) + 1
        return True

    async def attendance(self) -> Mapping[str, int]:
        return dict(self._attendance)

    async def leave(self, house: str) -> None:
        self._attendance.pop(house, None)

    async def signing_keys(self) -> Mapping[str, KeyState]:
        return dict(self._signing_keys)

    async def set_signing_keys(
        self, before: Mapping[str, KeyState], after: Mapping[str, KeyState], at: int
    ) -> None:
        if self._signing_keys != before:
            raise Stale(None)
        self._signing_keys = dict(after)
        self._note(SIGNING_KEYS)


def _is_wanted(grant: Grant, wanted: Wanted) -> bool:
    return (
        (not wanted.scopes or str(grant.scope) in wanted.scopes)
        and wanted.source in ("", grant.source)
        and wanted.source_ref in ("", grant.source_ref)
        and wanted.standing in (None, grant.standing(wanted.now))
    )


def _place(edition: Edition) -> tuple[Address, str]:
    return edition.address, edition.id
