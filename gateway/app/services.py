"""Services: every part, put together; opened in order, and closed whatever happens."""

from __future__ import annotations

import secrets
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from gateway.app.stores import (
    is_begun,
    named_authority,
    open_coherence,
    open_failed_attempts,
    open_search_index,
    open_texts,
)
from gateway.app.waits import looks, rest, undivided
from gateway.ports import (
    Audit,
    AuthorityRecord,
    Clock,
    FailedAttempts,
    Ledger,
    PublicStore,
    SearchIndex,
    Vault,
)
from gateway.rendering import workers as composing
from gateway.rendering.profiles import profile_bundle
from gateway.settings import SECRET, Settings
from gateway.stores.background import Background
from gateway.stores.files.audit import FileAudit
from gateway.stores.files.chains import chains_in
from gateway.stores.files.secrets import kept_secret
from gateway.stores.joint import Joint
from gateway.stores.leased_cache import DirectCoherence, Memory
from gateway.stores.membership import AuthorityKind, Membership, Tell, nobody_serving
from gateway.stores.memory import MemoryAudit, MemorySearchIndex
from gateway.stores.redis.failed_attempts import MemoryFailedAttempts
from gateway.stores.redis.signet import Signet
from gateway.stores.sql.ledger import open_ledger
from gateway.usecases import belonging
from gateway.usecases.announcing import Announcing, Looks, at_once
from gateway.usecases.api_keys import ApiKeys
from gateway.usecases.codes import Codes
from gateway.usecases.composers import Composer
from gateway.usecases.erasing import Erasing
from gateway.usecases.explaining import Explaining
from gateway.usecases.granting import Granting
from gateway.usecases.idempotency import Idempotency
from gateway.usecases.indexing import Indexing
from gateway.usecases.mending import Mending
from gateway.usecases.moving import Moving
from gateway.usecases.picturing import Picturing
from gateway.usecases.profiles import Profiles
from gateway.usecases.publishers import Publishers
from gateway.usecases.publishing import Publishing
from gateway.usecases.reading import Reading
from gateway.usecases.redeeming import Redeeming
from gateway.usecases.renaming import Renaming
from gateway.usecases.seeds import Seeds
from gateway.usecases.shelving import Shelving
from gateway.usecases.showing import Showing
from gateway.usecases.signing_keys import Signing
from gateway.usecases.use_cases import UseCases


class SystemClock:
    """The clock of this machine and its source of chance."""

    def now(self) -> int:
        return int(time.time())

    def fresh_id(self) -> str:
        return secrets.token_hex(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services(UseCases):
    """Every part, put together."""

    settings: Settings
    ledger: Ledger
    store: PublicStore
    vault: Vault
    index: SearchIndex
    coherence: Memory
    audit: Audit
    attempts: FailedAttempts
    background: Background
    membership: Membership | None = None  # of a process that serves

    @property
    def authority(self) -> str:
        """Return the kind of authority that this process goes by."""
        return self.membership.word if self.membership else str(AuthorityKind.NONE)

    async def close(self) -> None:
        """Let go of what is open, each part of it whatever becomes of the others."""
        async with AsyncExitStack() as stack:
            for part in (self.ledger, self.index, self.attempts, self.audit):
                stack.push_async_callback(part.close)
            if self.membership:
                stack.push_async_callback(self.membership.leave)
            stack.push_async_callback(self.coherence.close)
            stack.push_async_callback(self.background.end)


async def open_services(
    settings: Settings,
    *,
    in_process: bool = False,
    serving: Tell | None = None,
    timeout: float = 0,
    accepting: Tell | None = None,
) -> Services:
    """Open the stores and put the use cases on them.

    in_process: compose here and now, as commands do that publish little or nothing; what serves
    or publishes folders composes elsewhere, so that no document can stop it.
    serving: for a process that serves, which has to go by the authority on record; it is told
    what becomes of that. timeout: seconds that a change waits for another process to confirm it.
    accepting: the secret that is set is the ledger's from now on, whatever was before; it is told
    what that waits for.
    Raises OtherAuthority, StillServing, Lost, Unavailable.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store, vault, name = open_texts(settings.store)
    clock = SystemClock()
    async with AsyncExitStack() as opened:
        ledger = await open_ledger(settings.ledger)
        opened.push_async_callback(ledger.close)
        secret = await _secret(settings, ledger, store, accepting)
        await belonging.require_store(ledger, name, vault, clock.fresh_id())
        membership, record = await _join(settings, ledger, secret, clock, serving)
        if membership:
            opened.push_async_callback(membership.leave)
        background = Background()
        coherence = open_coherence(settings, record, ledger, secret, background)
        opened.push_async_callback(coherence.close)
        index, attempts = open_search_index(settings.ledger), open_failed_attempts(settings)
        opened.push_async_callback(index.close)
        opened.push_async_callback(attempts.close)
        services = build_services(
            settings,
            ledger,
            store,
            vault,
            secret,
            clock,
            coherence=coherence,
            audit=FileAudit(settings.audit, clock, ledger),
            index=index,
            attempts=attempts,
            in_process=in_process,
            membership=membership,
            background=background,
            looks=partial(looks, timeout),
        )
        opened.pop_all()  # from here on whoever has the services closes them
    if membership:
        membership.begin(services.coherence)
    return services


async def _secret(
    settings: Settings, ledger: Ledger, store: PublicStore, accepting: Tell | None
) -> bytes:
    """Return the root secret, if it and the ledger belong here. Raises Lost, StillServing."""
    await belonging.require_ledger(ledger, store, is_audited=bool(chains_in(settings.audit)))
    path = settings.data / SECRET
    if not settings.secret and not path.exists() and await belonging.is_begun(ledger):
        raise belonging.missing_secret(str(path))
    secret = settings.secret.encode() or kept_secret(path)
    if accepting:
        async with nobody_serving(ledger, settings.data, accepting):
            await belonging.accept_secret(ledger, secret)
    await belonging.require_secret(ledger, secret)
    return secret


async def _join(
    settings: Settings, ledger: Ledger, secret: bytes, clock: Clock, tell: Tell | None
) -> tuple[Membership | None, AuthorityRecord | None]:
    """Return the authority on record; a process that serves sees to it that it is ours."""
    if tell is None:
        return None, await ledger.authority()
    named, has_begun = named_authority(settings), partial(is_begun, settings, Signet(secret))
    membership = Membership(ledger, settings.data, named, has_begun, tell)
    try:
        record = await membership.join(clock.now())
        await belonging.require_secret(ledger, secret)  # it may be another since we looked
    except BaseException:
        await membership.leave()
        raise
    return membership, record


def build_services(
    settings: Settings,
    ledger: Ledger,
    store: PublicStore,
    vault: Vault,
    secret: bytes,
    clock: Clock,
    *,
    coherence: Memory | None = None,
    audit: Audit | None = None,
    attempts: FailedAttempts | None = None,
    index: SearchIndex | None = None,
    in_process: bool = True,
    membership: Membership | None = None,
    background: Background | None = None,
    looks: Looks = at_once,
) -> Services:
    """Put the use cases on the given parts."""
    coherence, audit = coherence or DirectCoherence(), audit or MemoryAudit()
    announcing = Announcing(ledger, coherence, audit, looks, Joint)
    signing = Signing(secret, ledger, coherence, announcing, clock)
    base = settings.base_url
    composer = composing.Here(base) if in_process else composing.Elsewhere(base)
    seeds = Seeds(ledger, signing, clock)
    granting = Granting(ledger, signing, announcing, clock)
    index = index or MemorySearchIndex()
    indexing = Indexing(store, index)
    profiles = Profiles(ledger, store, audit, clock, composer.make_mark, profile_bundle)
    compose = profiles.composing(composer.compose)
    shelving = Shelving(vault)
    showing = Showing(ledger, store, vault, clock, announcing, indexing, undivided)
    erasing = Erasing(ledger, vault, clock, showing, indexing)
    mending = Mending(ledger, vault, compose, shelving, showing)
    setting = Composer(compose, composer.prepare, composing.stamp(base), composer.compare)
    publishing = Publishing(
        ledger, vault, clock, audit, setting, shelving, showing, erasing, mending
    )
    return Services(
        settings=settings,
        ledger=ledger,
        store=store,
        vault=vault,
        index=index,
        indexing=indexing,
        publishing=publishing,
        showing=showing,
        erasing=erasing,
        mending=mending,
        picturing=Picturing(vault, audit, clock, composer.make),
        renaming=Renaming(ledger, vault, clock, compose, shelving, showing, erasing, announcing),
        api_keys=ApiKeys(ledger, signing, announcing, seeds, clock),
        granting=granting,
        publishers=Publishers(ledger, announcing, clock),
        profiles=profiles,
        codes=Codes(ledger, signing, announcing, seeds, clock, rest),
        redeeming=Redeeming(ledger, signing, announcing, clock),
        moving=Moving(ledger, signing, announcing, clock),
        explaining=Explaining(ledger, signing, clock),
        idempotency=Idempotency(ledger, clock),
        reading=Reading(ledger, vault, signing, coherence, audit, clock),
        signing=signing,
        seeds=seeds,
        announcing=announcing,
        coherence=coherence,
        audit=audit,
        attempts=attempts or MemoryFailedAttempts(),
        background=background or Background(),
        membership=membership,
    )
