"""The first start: publish a folder, and say where to look."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from gateway.app import Services
from gateway.cli.bulk import publish_files
from gateway.cli.folders import SourceFile, publisher_of, source_files
from gateway.core.audit_records import OPERATOR
from gateway.core.checks import check
from gateway.core.documents import Address
from gateway.core.errors import Malformed, Missing
from gateway.stores.files.durable import write_private
from gateway.stores.membership import AuthorityKind
from gateway.usecases.granting import GrantRequest
from gateway.web.http.links import unlock_path

KEPT = "welcome.json"
STARTING = "starting"  # locked by whoever is at its first start

_AUTHORITIES = {
    AuthorityKind.EMBEDDED: "Rights are leased from a Redis of its own.",
    AuthorityKind.REDIS: "Rights are leased from the Redis that the settings name.",
    AuthorityKind.POSTGRES: "Rights are leased from the ledger's PostgreSQL.",
    AuthorityKind.NONE: "Without Redis: every full read asks the ledger.",
}


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the banner says of the sample; kept, for a key is told only once."""

    address: str
    token: str
    key: str


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Wait until no other process is at its first start on the same data. Raises OSError."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A file of its own: the folder itself is locked for as long as its Redis lives.
    lock = os.open(data / STARTING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


async def move_in(services: Services, folder: Path | None) -> Welcome | None:
    """Publish folder at the first start; return what to say of its first current document.

    To be called alone: two at once would each make a key.
    """
    if folder is None:
        return None
    kept = services.settings.data / KEPT
    if welcome := _kept(kept):
        return welcome
    files = list(source_files([folder]))
    await publish_files(services, files, "")
    address = await _first_current(services, files)
    if address is None:
        return None
    grant = await services.granting.grant(
        address.publisher,
        GrantRequest(
            f"document:{address.slug}", note="sample", source="sample", source_ref=str(address)
        ),
        by=OPERATOR,
    )
    key = await services.publishers.add(address.publisher)
    welcome = Welcome(str(address), await services.granting.token(grant), key)
    write_private(kept, _packed(welcome))
    return welcome


def _packed(welcome: Welcome) -> bytes:
    told = json.dumps(asdict(welcome)).encode()
    return told + b"\n" + check(KEPT, told)


def _kept(path: Path) -> Welcome | None:
    """Return what was kept, None where it is not there, or is not what was kept."""
    if not path.exists():
        return None
    told, _, checked = path.read_bytes().partition(b"\n")
    if checked == check(KEPT, told):
        return Welcome(**json.loads(told))
    return None


async def _first_current(services: Services, files: Sequence[SourceFile]) -> Address | None:
    for file in files:
        with suppress(Malformed, Missing):  # refused, and told when it was published
            address = Address.of(publisher_of(file), file.slug or file.name)
            await services.publishing.current(address)
            return address
    return None


def banner(welcome: Welcome | None, origin: str, authority: str, *, is_new: bool) -> str:
    """Return the words that a person who has just started the gateway needs.

    authority: of which kind is the one that workers go by. is_new: there is no publisher yet.
    """
    lines = ["", f"Paidgate serves on {origin}", ""]
    if welcome:
        lines += [
            f"  Preview   {origin}/documents/{welcome.address}",
            f"  Unlock    {origin}{unlock_path(welcome.token)}",
            f"  Studio    {origin}/studio",
            f"  API key   {welcome.key}   (publisher {welcome.address.partition('/')[0]})",
            "",
        ]
    elif is_new:
        lines += [
            "There is no publisher yet. This prints the key of a first one, for /studio:",
            "",
            "  paidgate publisher add NAME",
            "",
        ]
    lines += [_AUTHORITIES[AuthorityKind(authority)], ""]
    lines += ["Ctrl-C stops it.", ""]
    return "\n".join(lines)
