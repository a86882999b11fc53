"""P-ATOMIC under kill -9: what was acknowledged is there, whole, and nothing half-done is seen.

A loop is killed before its first call that changes anything, started again on what it left,
killed before its second one, and so on; where a start takes long, before every so many. What
kills at random moments is in search.py.
"""

from __future__ import annotations

import http.client
import re
import signal
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from gateway.app import Services, build, open_services
from gateway.core.documents import Address
from gateway.core.errors import Revoked
from gateway.stores.files.durable import PART
from gateway.stores.files.public_store import FilePublicStore
from gateway.usecases.granting import GrantRequest
from gateway.usecases.reading import Credential
from gateway.usecases.submissions import Submission
from tests.faults import leaks, loops
from tests.faults.killing import TIMEOUT, Event, Kill, before, begin
from tests.faults.loops import (
    BROKEN,
    GONE,
    PUBLISHER,
    SLUGS,
    OpenParts,
    real_parts,
    revisions,
    words,
)
from tests.stores.things import HERE
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.samples import SUFFIXES

CALLS = range(1, 121)  # of three steps
SOME_CALLS = range(1, 120, 6)  # of the gateway with real documents
RIGHTS = 30

pytestmark = pytest.mark.anyio

_NONE = {404: GONE}


# --- what is left ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """The revisions that one document tells in each place; GONE where it is not there."""

    public: frozenset[int]
    listed: frozenset[int]
    full: frozenset[int]


async def look(app: ASGIApp, services: Services, slug: str, token: str) -> Seen:
    """Ask for a document in every public form, and as the holder of a right."""
    path = f"{PUBLISHER}/{slug}"
    bearer = (("authorization", f"Bearer {token}"),)
    public = [await exchange(app, "GET", f"/documents/{path}{form}") for form in SUFFIXES]
    full = [await exchange(app, "GET", f"/read/{path}.json", bearer)]
    entries = await services.store.entries(PUBLISHER, "", 100)
    listed = [f"{e.title} {e.summary}".encode() for e in entries if e.address.slug == slug]
    told = frozenset[int]().union(*map(revisions, listed))
    return Seen(shown(public), told or frozenset({GONE}), shown(full))


def shown(answers: list[Answer]) -> frozenset[int]:
    """Return every revision that answers tell."""
    found: set[int] = set()
    for answer in answers:
        found |= (
            revisions(answer.body) if answer.status == 200 else {_NONE.get(answer.status, BROKEN)}
        )
    return frozenset(found)


@dataclass
class Record:
    """What a loop has told: of each document the acknowledged revision, and one begun after it."""

    acked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SLUGS, GONE))
    begun: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SLUGS, GONE))
    last: int = 0

    def hear(self, told: list[Event]) -> None:
        for kind, slug, revision in told:
            self.begun[slug] = revision
            self.last = max(self.last, revision)
            if kind == "done":
                self.acked[slug] = revision

    def allows(self, slug: str) -> set[int]:
        return {self.acked[slug], self.begun[slug]}

    def settle(self, slug: str, revision: int) -> None:
        self.acked[slug] = self.begun[slug] = revision


async def faults_left(
    services: Services, folder: Path, record: Record, left: Counter[str] | None = None
) -> list[str]:
    """Restart on what a kill left; return what is wrong, before and after recovery."""
    left = Counter() if left is None else left
    grant = await services.granting.grant(
        PUBLISHER, GrantRequest("all"), once="check", fingerprint="check"
    )
    app, token = build(services), await services.granting.token(grant)
    wrong = []
    found = {slug: await look(app, services, slug, token) for slug in SLUGS}
    for slug, seen in found.items():
        for name, told in (("public", seen.public), ("full", seen.full)):
            if len(told) != 1 or not told <= record.allows(slug):
                wrong.append(f"{slug}: {name} shows {set(told)}, not of {record.allows(slug)}")
    left["unsettled"] += bool(await services.ledger.unsettled(1))
    await services.publishing.recover()
    for slug in SLUGS:
        seen = await look(app, services, slug, token)
        if not seen.public == seen.listed == seen.full == found[slug].full:
            wrong.append(f"{slug}: after recovery {found[slug]} is {seen}")
        record.settle(slug, max(seen.full))
    parts = half_written(folder)
    left["half-written files"] = max(left["half-written files"], len(parts))
    if len(parts) > 2 * len(SLUGS):  # one for each place that is written, in each store
        wrong.append(f"{len(parts)} half-written files lie about")
    return wrong


def half_written(folder: Path) -> list[Path]:
    return list(folder.rglob(f"*{PART}"))


async def kill_and_look(
    folder: Path, kills: Iterable[Kill], open_parts: OpenParts = real_parts
) -> tuple[list[str], Counter[str]]:
    """Kill the fast loop again and again, until something is wrong or all kills are done."""
    record, left = Record(), Counter[str]()
    for kill in kills:
        first = record.last + 1
        record.hear(kill(loops.run, loops.publish_fast, folder, first, open_parts))
        services = await loops.open_fast(folder, open_parts)
        try:
            wrong = await faults_left(services, folder, record, left)
        finally:
            await services.close()
        left["kills"] += 1
        if wrong:
            return wrong, left
    return [], left


async def kill_command_line(folder: Path, kills: Iterable[Kill]) -> list[str]:
    """Kill whoever publishes files; return what is wrong."""
    record = Record()
    for kill in kills:
        record.hear(kill(loops.run, loops.publish_files, folder, record.last + 1))
        if wrong := await faults_after_restart(folder, record):
            return wrong
    return []


async def faults_after_restart(folder: Path, record: Record) -> list[str]:
    services = await open_services(loops.settings(folder), in_process=True)
    try:
        return await faults_left(services, folder, record)
    finally:
        await services.close()


# --- publishing --------------------------------------------------------------------------------


@pytest.mark.long
async def test_stores_that_are_killed_hold_one_whole_edition_of_each_document(
    tmp_path: Path,
) -> None:
    wrong, left = await kill_and_look(tmp_path, map(before, CALLS))
    assert wrong == []
    assert left["kills"] == len(CALLS)
    # Among the calls are those between a commit and its settling, and those within a write.
    assert left["unsettled"]
    assert left["half-written files"]


async def test_a_public_store_that_is_killed_has_no_entry_without_its_bundle(
    tmp_path: Path,
) -> None:
    found: list[bool] = []
    for call in count(1):
        folder = tmp_path / str(call)
        told = before(call)(loops.run, loops.put_and_delete, folder, 1)
        bundle = await FilePublicStore(folder).get(HERE)  # raises Damaged for such an entry
        found.append(bundle is not None)
        if ("done", 1) in told:
            break
    # There only from a call within the put on, and gone from one within the delete on.
    assert [kept for kept, _ in groupby(found)] == [False, True, False]


@pytest.mark.long
async def test_a_command_line_that_is_killed_leaves_one_whole_edition_of_each_document(
    tmp_path: Path,
) -> None:
    assert await kill_command_line(tmp_path, map(before, SOME_CALLS)) == []


async def test_a_server_that_is_killed_leaves_one_whole_edition_of_each_document(
    tmp_path: Path,
) -> None:
    record = Record()
    for call in SOME_CALLS[::2]:
        record.hear(await put_until_killed(tmp_path, call, record.last + 1))
        assert await faults_after_restart(tmp_path, record) == []


async def put_until_killed(folder: Path, call: int, first: int) -> list[Event]:
    """Publish over HTTP until a call of the server kills it, and tell what it answered."""
    services = await open_services(loops.settings(folder))
    key = await services.publishers.add(PUBLISHER)
    await services.close()
    server, listening = begin(loops.serve, call, folder)
    assert listening.poll(TIMEOUT), "the server does not start"
    connection = http.client.HTTPConnection("127.0.0.1", listening.recv(), timeout=TIMEOUT)
    told: list[Event] = []
    for revision in count(first):
        slug = SLUGS[revision % len(SLUGS)]
        told.append(("begun", slug, revision))
        if not is_answered(connection, slug, words(revision), _headers(key)):
            break
        told.append(("done", slug, revision))
    connection.close()
    server.join(TIMEOUT)
    assert server.exitcode == -signal.SIGKILL
    return told


def _headers(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}", "content-type": "text/plain"}


def is_answered(
    connection: http.client.HTTPConnection, slug: str, body: str, headers: dict[str, str]
) -> bool:
    """Publish; tell whether the server acknowledged before it was killed."""
    try:
        connection.request("PUT", f"/api/documents/{slug}", body, headers)
        answer = connection.getresponse()
        answer.read()
    except (http.client.HTTPException, ConnectionError):
        return False
    assert answer.status in (200, 201)
    return True


# --- rights ------------------------------------------------------------------------------------


async def test_no_acknowledged_grant_redemption_or_revocation_is_lost(tmp_path: Path) -> None:
    assert await kill_granting(tmp_path, map(before, range(1, RIGHTS + 1))) == []


async def kill_granting(folder: Path, kills: Iterable[Kill]) -> list[str]:
    """Kill whoever gives rights and takes them back; return what was lost."""
    told: list[Event] = []
    for kill in kills:
        first = 1 + max((event[2] for event in told), default=0)
        told += kill(loops.run, loops.give_rights, folder, first)
        services = await loops.open_fast(folder)
        try:
            lost = await rights_lost(services, told)
        finally:
            await services.close()
        if lost:
            return lost
    return []


async def rights_lost(services: Services, told: list[Event]) -> list[str]:
    """Return what was acknowledged and is not so; what was only begun may be either."""
    begun = {event[1:3] for event in told if event[0] == "begun"}
    done = {event[1:3]: event[3] for event in told if event[0] == "done"}
    await services.publishers.register(PUBLISHER)
    submission = Submission(Address(PUBLISHER, "one"), words(1).encode(), "plain")
    await services.publishing.publish(submission)
    lost = []
    for (what, number), word in done.items():
        if what == "revoke":
            continue
        allowed = {True} if ("revoke", number) not in begun else {True, False}
        allowed = {False} if ("revoke", number) in done else allowed
        credential = Credential(bearer=word) if what == "grant" else Credential(cookie=word)
        if await opens(services, credential) not in allowed:
            lost.append(f"{what} {number}: not {allowed}")
    for number in {number for what, number in begun if what == "grant"}:
        # An order that is sent again, because nobody heard its answer, makes no second grant.
        again = [
            await services.granting.grant(
                PUBLISHER, GrantRequest("all"), once=f"order-{number}", fingerprint="same"
            )
            for _ in range(2)
        ]
        tokens = {await services.granting.token(grant) for grant in again} | {
            done.get(("grant", number), await services.granting.token(again[0]))
        }
        if len(tokens) != 1:
            lost.append(f"order {number} made several grants")
    return lost


async def opens(services: Services, credential: Credential) -> bool:
    try:
        await services.reading.open(Address(PUBLISHER, "one"), credential, "html.en")
    except Revoked:
        return False
    return True


# --- the checkers catch what breaks ---


@pytest.mark.long
@pytest.mark.parametrize(
    ("open_parts", "sign"),
    [
        (leaks.in_place, f"public shows {{{BROKEN}}}".replace("{", r"\{")),
        (leaks.two_files, "public shows"),
        (leaks.write_behind, "not of|after recovery"),
        (leaks.littering, "half-written files lie about"),
    ],
)
async def test_the_checker_catches_a_store_that(
    tmp_path: Path, open_parts: OpenParts, sign: str
) -> None:
    wrong, _ = await kill_and_look(tmp_path, map(before, CALLS), open_parts)
    assert any(re.search(sign, each) for each in wrong), wrong
