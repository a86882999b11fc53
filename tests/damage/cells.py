"""Harm one stored thing of a gateway, and see what it answers, tells and mends."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from gateway.app import Services, build, open_services
from gateway.app.background import LookOver
from gateway.cli.upgrading import upgrade
from gateway.cli.verifying import verify
from gateway.cli.welcome import move_in
from gateway.core.bundles import IDENTITY
from gateway.core.documents import Address
from gateway.core.errors import GatewayError
from gateway.rendering.representations import COLOURS, MARK
from gateway.settings import load
from gateway.stores.stored import BUCKET, FILES, Stored
from gateway.usecases.granting import GrantRequest
from gateway.usecases.submissions import Submission
from gateway.web.errors import status_of
from tests.damage.places import Files, Objects, Place, copied, fresh
from tests.damage.samples import EARLIER, HARMS, HERE, SAMPLES, THERE
from tests.support import pictures
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.s3 import S3

PICTURES = {"a.png": pictures.png("one"), "b.jpg": pictures.jpeg("the other")}
FREE, PAID = "第一。![甲](a.png)", "第二。![乙](b.jpg)"
SOURCES = {
    HERE: ("markdown", "report.md", f"# 报告\n\n{FREE}\n\n##paidbegin##\n{PAID}\n##paidend##\n"),
    THERE: ("plain", "story.txt", "Story\n\nBegins, ##paidbegin##goes on,##paidend## and ends.\n"),
}
PROFILE = {"name": "灯房", "colour": "#1a5fb4"}
SAID = (MARK, COLOURS)
BR = ("accept-encoding", "br")
ERRORS = (404, 503)

Given = tuple[int, bytes]
Answers = Mapping[str, Given]


@dataclass
class Seen:
    """What came of one harm. refused: the words with which the gateway does not start."""

    harm: str
    refused: str = ""
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # lists that lack a document
    told: list[str] = field(default_factory=list)  # in the log
    is_ready: bool = True
    damaged: int = 0
    earlier: int = 0
    is_repaired: bool = False
    is_mended_again: bool = False

    def __str__(self) -> str:
        if self.refused:
            return "refuses to start"
        answers = {"wrong": self.wrong, "error": self.errors, "left out": self.left_out}
        parts = [next((what for what, found in answers.items() if found), "right")]
        parts += ["told"] * bool(self.told)
        parts += ["verify"] * bool(self.damaged)
        if self.earlier:
            parts += ["brought up"] * self.is_repaired
        elif self.damaged:
            parts += ["repaired"] * self.is_repaired + ["sent again"] * self.is_mended_again
        return ", ".join(parts)


class Ground:
    """A whole gateway on one kind of store, and another one beside it: to be copied and harmed."""

    def __init__(self, folder: Path, s3: S3 | None = None) -> None:
        self._folder = folder
        self._s3 = s3
        self._count = 0
        self._objects: Mapping[str, bytes] = {}
        self._other: Mapping[str, bytes] = {}
        self._token = ""
        self._answers: Answers = {}

    async def build(self) -> None:
        """Publish, grant, and remember what is answered, unless it was done."""
        if self._answers:
            return
        sources = self._folder / "sources" / "demo"
        sources.mkdir(parents=True)
        for _, name, text in SOURCES.values():
            (sources / name).write_text(text)
        for name, body in PICTURES.items():
            (sources / name).write_bytes(body)
        self._other = await self._filled("other")
        self._objects = await self._filled("whole")
        here = self._copy()
        async with here.open() as services:
            self._answers = await self._asked(services)

    async def _filled(self, name: str) -> Mapping[str, bytes]:
        here = self._empty(name)
        async with here.open() as services:
            await services.publishers.register("demo")
            await services.profiles.change("demo", PROFILE, pictures.png("mark"))
            await services.ledger.settle_profile("demo", 1)
            await _publish(services, "\nMore.\n", THERE)
            await move_in(services, self._folder / "sources")
            grant = await services.granting.grant("demo", GrantRequest("all"))
            self._token = await services.granting.token(grant)
        places = [here.data, here.texts]
        return {name: place.read(name) for place in places for name in place.names()}

    def _empty(self, name: str) -> Here:
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        sources = self._folder / "sources" if name.startswith("copy") else None
        if self._s3 is None:
            return Here(Files(folder), Files(folder), "", sources)
        prefix = secrets.token_hex(8)
        return Here(Files(folder), Objects(self._s3.client(prefix)), self._s3.url(prefix), sources)

    def _copy(self) -> Here:
        self._count += 1
        here = self._empty(f"copy-{self._count}")
        (self._folder / f"copy-{self._count}").rmdir()
        fresh(self._folder / "whole", self._folder / f"copy-{self._count}")
        if self._s3:
            known = set(here.data.names())
            copied({n: b for n, b in self._objects.items() if n not in known}, here.texts)
        return here

    async def harmed(self, thing: Stored, harm: str) -> Seen | None:
        """Harm a thing; return what came of it, None where it cannot be harmed so."""
        here = self._harmed(thing, harm)
        if here is None:
            return None
        seen = Seen(harm)
        try:
            async with here.open() as services:
                await self._see(services, seen)
        except GatewayError as error:
            seen.refused = str(error)
            return seen
        async with here.open() as services:
            await _mend(services, harm)
            seen.is_repaired = await self._is_whole(services)
        again = self._harmed(thing, harm)
        assert again
        async with again.open() as services:
            await _publish(services)
            seen.is_mended_again = await self._is_whole(services)
        return seen

    def _harmed(self, thing: Stored, harm: str) -> Here | None:
        here, sample = self._copy(), SAMPLES[thing.name]
        place = here.texts if set(thing.on) & {FILES, BUCKET} else here.data
        done = [HARMS[harm](place, name, sample, self._other) for name in sample.names(place)]
        assert done, thing.name
        return here if any(done) else None

    async def _see(self, services: Services, seen: Seen) -> None:
        with structlog.testing.capture_logs() as lines:
            for _ in range(2):
                self._compare(await self._asked(services), seen)
            over = LookOver(services)
            for _ in range(3):
                await over()
            seen.is_ready = (await exchange(build(services), "GET", "/readyz")).status == 200
        seen.told = [
            f"{line.get('thing') or line.get('part')}"
            for line in lines
            if line["event"] in ("damage", "outage") and line["state"] not in ("mended", "over")
        ]
        found = await verify(services, lambda _: None, repair=False)
        seen.damaged, seen.earlier = found.left, found.earlier

    def _compare(self, answers: Answers, seen: Seen) -> None:
        for question, answer in answers.items():
            if answer[0] in ERRORS:
                seen.errors.append(question)
            elif question == "/" and not _names(answer) >= _names(self._answers[question]):
                seen.left_out.append(question)
            elif answer != self._answers[question]:
                seen.wrong.append(f"{question}: {answer[0]}")

    async def _is_whole(self, services: Services) -> bool:
        found = await verify(services, lambda _: None, repair=False)
        return await self._asked(services) == self._answers and not found.left and not found.earlier

    async def _asked(self, services: Services) -> Answers:
        app, bearer = build(services), ("authorization", f"Bearer {self._token}")
        answers = {"/": await exchange(app, "GET", "/")}
        for target in (f"/documents/{a}{end}" for a in SOURCES for end in ("", ".json")):
            answers[target] = await exchange(app, "GET", target, [BR])
        for target in (f"/documents/demo/{form}" for form in SAID):
            answers[target] = await exchange(app, "GET", target, [BR])
        for target in (f"/read/{a}{end}" for a in SOURCES for end in ("", ".txt")):
            answers[target] = await exchange(app, "GET", target, [bearer])
        for target in self._pictures(answers):
            answers[target] = await exchange(app, "GET", target, [bearer])
        told = {target: (found.status, found.body) for target, found in answers.items()}
        told |= {f"picture {name}": await _picture(services, name) for name in PICTURES}
        return told | {f"source of {a}": await _source(services, a) for a in SOURCES}

    def _pictures(self, answers: Mapping[str, Answer]) -> Iterable[str]:
        """Return where the pictures were when everything was whole."""
        known = [target for target in self._answers if "/pictures/" in target]
        return known or re.findall(
            rf' src="(/[^"]*{HERE}/pictures/[^"]*)"', answers[f"/read/{HERE}"].body.decode()
        )


@dataclass(frozen=True)
class Here:
    """One copy of a gateway: its data folder, where its texts are, and the setting for that."""

    data: Files
    texts: Place
    store: str
    sources: Path | None = None  # of the first start

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Services]:
        """Open it as a process would that starts now."""
        settings = load(
            {
                "PAIDGATE_DATA": str(self.data.root),
                "PAIDGATE_REDIS": "none",
                "PAIDGATE_STORE": self.store,
            }
        )
        services = await open_services(settings, in_process=True)
        try:
            await move_in(services, self.sources)
            yield services
        finally:
            await services.close()


def _names(answer: Given) -> set[bytes]:
    """Return the documents that a list names."""
    return {f"/documents/{address}".encode() for address in SOURCES} & {
        target.partition(b'"')[0] for target in answer[1].split(b'href="')
    }


async def _publish(services: Services, more: str = "", *only: Address) -> None:
    for name, body in () if only else PICTURES.items():
        await services.picturing.put(HERE, name, body, "pictures")
    for address in only or SOURCES:
        form, _, text = SOURCES[address]
        with suppress(GatewayError):
            submission = Submission(address, (text + more).encode(), form)
            await services.publishing.publish(submission)


async def _mend(services: Services, harm: str) -> None:
    if harm == EARLIER:
        await upgrade(services, lambda _: None)
    else:
        await verify(services, lambda _: None, repair=True)


async def _picture(services: Services, name: str) -> Given:
    try:
        made = await services.picturing.get(HERE, name, "pictures")
    except GatewayError as error:
        return status_of(error), b""
    return 200, made.forms["whole"].bodies[IDENTITY]


async def _source(services: Services, address: Address) -> Given:
    try:
        _, source = await services.publishing.source(address)
    except GatewayError as error:
        return status_of(error), b""
    return 200, source
