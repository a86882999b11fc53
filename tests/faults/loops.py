"""Programs that are made to be killed: each tells what it begins and what is done, for ever.

They are forked from a process that has imported everything, so that a restart costs next to
nothing; and they end with whoever listens.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from gateway.app import Services, SystemClock, build_services, open_services
from gateway.cli.bulk import publish_to
from gateway.cli.folders import SourceFile
from gateway.cli.targets import LocalTarget, Outcome
from gateway.core.audit_chains import Anchor
from gateway.core.audit_records import Act, Record
from gateway.core.bundles import IDENTITY, Bundle, Entry, Representation
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.ports import Edition, Ledger, PublicStore, Sealed, Vault
from gateway.rendering.encodings import etag_of
from gateway.rendering.representations import REPRESENTATIONS
from gateway.serving import server
from gateway.settings import Settings, load
from gateway.stores.files.audit import FileAudit
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.vault import FileVault
from gateway.stores.memory import MemoryAnchors
from gateway.stores.sql.ledger import open_ledger
from gateway.usecases.composers import Composer
from gateway.usecases.composing import Composed, Task
from gateway.usecases.granting import GrantRequest
from gateway.usecases.submissions import Submission
from tests.faults.strikes import Strike
from tests.stores.things import HERE, bundle
from tests.support.services import composing_with
from tests.support.tether import die_with_parent

PUBLISHER = "demo"
SLUGS = ("one", "two", "three")
SECRET = "a root secret for tests, 32 bytes"
GONE = 0  # the revision of a document that is deleted
BROKEN = -1  # the revision of one that is answered for with an error

Parts = tuple[Ledger, PublicStore, Vault]
OpenParts = Callable[[Path], Awaitable[Parts]]
OpenAudit = Callable[[Path], FileAudit]
Program = Callable[..., Coroutine[None, None, None]]

_REVISION = re.compile(rb"rev-(\d+)-")


def words(revision: int) -> str:
    """Return a document that tells its revision in each of its parts."""
    return (
        f"Story rev-{revision}-\n\nIt begins, rev-{revision}-, "
        f"##paidbegin##and the middle, rev-{revision}-, ##paidend##and ends, rev-{revision}-.\n"
    )


def revisions(text: bytes) -> frozenset[int]:
    """Return every revision that a text tells."""
    return frozenset(map(int, _REVISION.findall(text)))


def settings(folder: Path) -> Settings:
    """Return the settings of the gateway in a folder."""
    return load(environment(folder))


def environment(folder: Path) -> dict[str, str]:
    return {
        "PAIDGATE_DATA": str(folder),
        "PAIDGATE_SECRET": SECRET,
        "PAIDGATE_LOG_LEVEL": "error",
        "PAIDGATE_LEASE": "0.2",  # a change waits for it after each new start
    }


# --- a house that publishes fast ---------------------------------------------------------------


async def real_parts(folder: Path) -> Parts:
    """Open the stores as the gateway does."""
    ledger = await open_ledger(settings(folder).ledger)
    return ledger, FilePublicStore(folder / "public"), FileVault(folder / "vault")


async def open_fast(folder: Path, open_parts: OpenParts = real_parts) -> Services:
    """Open a house whose documents are set in no time: all the time goes to the stores."""
    parts = await open_parts(folder)
    services = build_services(settings(folder), *parts, SECRET.encode(), SystemClock())
    return composing_with(services, Composer(set_fast, services.publishing._composer.prepare))


async def set_fast(task: Task) -> Composed:
    """Compose an edition whose every form is the source, as if it had been rendered."""
    address, text = task.submission.address, task.submission.body
    name = f"rev-{max(revisions(text))}-"
    facts = (name, "", "en", "", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    edition = Edition(
        id=task.edition,
        address=address,
        made_at=task.now,
        format="plain",
        title=name,
        language="en",
        collection="",
        public_digest=name,
        published=facts[4],
        updated=facts[5],
    )
    form = Representation("text/plain", etag_of(text), {IDENTITY: text})
    forms = dict.fromkeys((each.name for each in REPRESENTATIONS), form)
    public = Bundle(task.edition, forms, Entry(address, *facts))
    full = Bundle(task.edition, {**forms, "html.en": form})
    return Composed(edition, Sealed(text, full, public))


# --- an audit, anchored where every process finds it --------------------------------------------


class FileAnchors:
    """Heads of chains in a file that is only added to; the highest number counts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def anchor(self, anchor: Anchor) -> None:
        with self._path.open("a") as file:
            file.write(f"{anchor.chain} {anchor.number} {anchor.hash} {anchor.at}\n")

    async def anchors(self) -> list[Anchor]:
        known = MemoryAnchors()
        for line in self._path.read_text().splitlines() if self._path.exists() else ():
            chain, number, digest, at = line.split()
            await known.anchor(Anchor(chain, int(number), digest, int(at)))
        return list(await known.anchors())


def open_audit(folder: Path) -> FileAudit:
    """Open the audit in a folder, with small files, so that one life fills several."""
    anchors = FileAnchors(folder / "anchors")
    return FileAudit(folder / "audit", SystemClock(), anchors, host="here", largest=10_000)


# --- the programs ------------------------------------------------------------------------------


class ErrorResponses:
    """Where a program tells what it does; after its first word its calls are counted."""

    def __init__(self, connection: Connection, strike: Strike) -> None:
        self._connection = connection
        self._strike = strike

    def send(self, event: object) -> None:
        self._connection.send(event)
        self._strike.arm()


def run(connection: Connection, call: int, program: Program, folder: Path, *more: object) -> None:
    """Run a program in this process until a call of its own kills it, or nobody listens."""
    die_with_parent(os.getppid())
    with suppress(BrokenPipeError):
        asyncio.run(program(ErrorResponses(connection, Strike(call)), folder, *more))


async def publish_fast(
    telling: ErrorResponses, folder: Path, first: int, open_parts: OpenParts
) -> None:
    """Publish, and now and then delete, one document after another."""
    services = await open_fast(folder, open_parts)
    for revision in count(first):
        address = Address(PUBLISHER, SLUGS[revision % len(SLUGS)])
        if revision % 7 == 0:
            telling.send(("begun", address.slug, GONE))
            with suppress(Missing):
                await services.publishing.delete(address)
            telling.send(("done", address.slug, GONE))
        else:
            telling.send(("begun", address.slug, revision))
            body = words(revision).encode()
            await services.publishing.publish(Submission(address, body, "plain"))
            telling.send(("done", address.slug, revision))


async def put_and_delete(telling: ErrorResponses, folder: Path, first: int) -> None:
    """Put a bundle into the public store and take it away, again and again."""
    store = FilePublicStore(folder)
    for round_ in count(first):
        telling.send(("begun", round_))
        await store.put(HERE, bundle("e1"))
        telling.send(("put", round_))
        await store.delete(HERE)
        telling.send(("done", round_))


async def publish_files(telling: ErrorResponses, folder: Path, first: int) -> None:
    """Publish files, as the command line does."""
    services = await open_services(settings(folder), in_process=True)
    sources = folder / PUBLISHER
    sources.mkdir(exist_ok=True)
    for revision in count(first):
        slug = SLUGS[revision % len(SLUGS)]
        file = sources / f"{slug}.txt"
        file.write_text(words(revision))
        telling.send(("begun", slug, revision))
        outcome = await publish_to(LocalTarget(services), SourceFile(file), "")
        assert isinstance(outcome, Outcome)
        telling.send(("done", slug, revision))


async def give_rights(telling: ErrorResponses, folder: Path, first: int) -> None:
    """Grant, redeem, and take every other right back."""
    services = await open_fast(folder)
    granting, redeeming = services.granting, services.redeeming
    for number in count(first):
        telling.send(("begun", "grant", number, ""))
        wish = GrantRequest("all")
        grant = await granting.grant(PUBLISHER, wish, once=f"order-{number}", fingerprint="same")
        token = await granting.token(grant)
        telling.send(("done", "grant", number, token))
        telling.send(("begun", "redeem", number, ""))
        telling.send(("done", "redeem", number, (await redeeming.redeem(token, None)).cookie))
        if number % 2:
            telling.send(("begun", "revoke", number, ""))
            await granting.revoke(PUBLISHER, grant.id)
            telling.send(("done", "revoke", number, ""))


async def keep_records(
    telling: ErrorResponses, folder: Path, first: int, open_audit: OpenAudit
) -> None:
    """Note reads, keep a change after each hundred, and anchor now and then."""
    audit = open_audit(folder)
    for number in count(first):
        telling.send(("begun", number))
        for read in range(100):
            audit.note(Record(number, Act.READ, f"reader:r{read}", f"g{number}", "demo/one", "e1"))
        await audit.keep(Record(number, Act.GRANT, "publisher:demo", f"g{number}"))
        telling.send(("done", number))
        if number % 3 == 0:
            await audit.anchor()


def serve(connection: Connection, call: int, folder: Path) -> None:
    """Serve the gateway, and tell the port once it answers."""
    die_with_parent(os.getppid())
    os.environ.update(environment(folder))
    telling = ErrorResponses(connection, Strike(call))
    sock = server.listen("127.0.0.1", 0)
    server.serve(settings(folder), sock, 1, lambda: telling.send(sock.getsockname()[1]))
