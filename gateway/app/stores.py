"""What the settings name, made real."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from gateway.core.errors import GatewayError
from gateway.core.leases import Terms
from gateway.ports import (
    AuthorityRecord,
    FailedAttempts,
    Ledger,
    PublicStore,
    SearchIndex,
    StoreName,
    Vault,
)
from gateway.settings import Settings
from gateway.stores.background import Background
from gateway.stores.files.data_folder import house_name
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.search_index import FileSearchIndex, file_beside
from gateway.stores.files.vault import FileVault
from gateway.stores.leased_cache import (
    DirectCoherence,
    LeasedCoherence,
    Memory,
    OutsideCoherence,
    boottime,
)
from gateway.stores.membership import AuthorityKind, Named
from gateway.stores.redis.authority import RedisAuthority
from gateway.stores.redis.embedded import EmbeddedRedis, server_program
from gateway.stores.redis.failed_attempts import MemoryFailedAttempts, RedisFailedAttempts
from gateway.stores.redis.signet import Signet
from gateway.stores.roll import Roll
from gateway.stores.store_names import FileStoreName, ObjectStoreName


def named_authority(settings: Settings) -> Named:
    """Return the authority that the settings name; without a server to embed it is none."""
    if settings.authority == "postgres":
        return Named(AuthorityKind.POSTGRES)
    if settings.redis == "none" or (settings.redis == "embedded" and not server_program()):
        return Named(AuthorityKind.NONE)
    if settings.redis == "embedded":
        return Named(AuthorityKind.EMBEDDED)
    return Named(AuthorityKind.REDIS, bare(settings.redis))


def bare(url: str) -> str:
    """Return the address of a server without who asks it, and how."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


async def is_begun(settings: Settings, signet: Signet, name: str) -> bool:
    """Return whether the authority that the settings name has begun under a name."""
    terms = Terms(settings.lease)
    authority = RedisAuthority(settings.redis, terms, signet, name, may_begin=False)
    try:
        return await authority.is_begun()
    finally:
        await authority.close()


def open_coherence(
    settings: Settings,
    record: AuthorityRecord | None,
    ledger: Ledger,
    secret: bytes,
    background: Background | None = None,
) -> Memory:
    """Return the memory of this process, on the authority that the settings name.

    Outside of it where another is on record. What it does not start at once it renews when it is
    started.
    """
    terms, named = Terms(settings.lease), named_authority(settings)
    place = house_name(settings.data)
    name = record.id if record else ""
    signet, roll = Signet(secret), Roll(ledger, terms, boottime)
    is_sure = record is None or named.is_surely(record, place)
    is_embedded = (settings.authority, settings.redis) == ("redis", "embedded")
    if is_embedded and record and Named(AuthorityKind.EMBEDDED).is_surely(record, place):
        # Also without a program of its own: it speaks to the server that another process keeps.
        named, is_sure = Named(AuthorityKind.EMBEDDED), True
    if named.kind is AuthorityKind.REDIS and (record is None or record.kind == AuthorityKind.REDIS):
        redis = RedisAuthority(settings.redis, terms, signet, name, may_begin=is_sure, roll=roll)
        return LeasedCoherence(redis, terms, on_record=name, background=background, roll=roll)
    if not is_sure:
        return OutsideCoherence()
    if named.kind is AuthorityKind.POSTGRES:
        # Only here: its driver takes time and memory to import.
        from gateway.stores.sql.authority import PostgresAuthority

        postgres = PostgresAuthority(settings.ledger, terms)
        return LeasedCoherence(postgres, terms, on_record=name, background=background)
    if named.kind is AuthorityKind.EMBEDDED:
        url, keeper = EmbeddedRedis.address(settings.data), _embedded(settings)
        embedded = RedisAuthority(url, terms, signet, name, roll=roll)
        return LeasedCoherence(
            embedded, terms, keeper=keeper, on_record=name, background=background, roll=roll
        )
    return DirectCoherence()


def _embedded(settings: Settings) -> EmbeddedRedis | None:
    program = server_program()
    if program is None:
        return None
    embedded = EmbeddedRedis(settings.data, program)
    with suppress(OSError, GatewayError):
        embedded.ensure()
    return embedded


def open_failed_attempts(settings: Settings) -> FailedAttempts:
    """Return the count of failed tries, shared on the Redis that the settings name."""
    url = settings.redis
    if url == "embedded":
        program = server_program() if settings.authority == "redis" else None
        url = EmbeddedRedis(settings.data, program).url if program else "none"
    return MemoryFailedAttempts() if url == "none" else RedisFailedAttempts(url)


def open_search_index(ledger: str) -> SearchIndex:
    """Return the search index, beside the ledger: whoever shares the one shares the other."""
    if ledger.startswith("sqlite:"):
        return FileSearchIndex(file_beside(ledger))
    # Only here: what it rests on takes time and memory to import.
    from gateway.stores.sql.engines import open_engines
    from gateway.stores.sql.search_index import TIMEOUT, SqlSearchIndex

    return SqlSearchIndex(open_engines(ledger, TIMEOUT))


def open_texts(place: str) -> tuple[PublicStore, Vault, StoreName]:
    """Return where previews and full texts are kept, and by what that place is known again."""
    parts = urlsplit(place)
    if parts.scheme == "s3":
        # An extra, and only here: it takes time and memory to import.
        from gateway.stores.s3.bucket import Bucket
        from gateway.stores.s3.public_store import ObjectPublicStore
        from gateway.stores.s3.vault import ObjectVault

        bucket = Bucket(place)
        return ObjectPublicStore(bucket), ObjectVault(bucket), ObjectStoreName(bucket, place)
    root = Path(unquote(parts.path))
    return FilePublicStore(root / "public"), FileVault(root / "vault"), FileStoreName(root)
