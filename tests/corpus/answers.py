"""One upload to a whole gateway, and everything that is answered about it afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.samples import SUFFIXES
from tests.support.services import gateway
from tests.web.caller import Caller, caller

FOLDER = Path("tests/corpus/cases")
LISTS = (
    "/",
    "/documents/demo",
    "/feed.xml",
    "/documents/demo/feed.xml",
    "/sitemap.xml",
    "/search?q=open",
    "/search.json?q=open",
)
AROUND = "header, footer, nav, aside, form"  # what the gateway puts around a text

Case = Mapping[str, Any]


def read_cases() -> list[Case]:
    """Return the rows of the table, each with its bytes."""
    rows: list[Case] = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
    return rows


def body_of(case: Case) -> bytes:
    """Return what is uploaded, byte for byte."""
    return (FOLDER / str(case["file"])).read_bytes()


def slug_of(case: Case) -> str:
    """Return a slug for a case."""
    return str(case["file"]).partition(".")[0]


def squeezed(text: str) -> str:
    """Return a text without its white space."""
    return "".join(text.split())


@dataclass(frozen=True, repr=False)
class Answers:
    """What came back from the upload, and what anyone and a holder of a right got thereafter."""

    upload: Answer
    public: Mapping[str, Answer]  # by address
    full: Mapping[str, Answer]  # by form; none where nothing was published
    slug: str

    @property
    def is_published(self) -> bool:
        return self.upload.status in (200, 201)

    @cached_property
    def told(self) -> Any:
        """The answer to the upload, as JSON."""
        return self.upload.json

    def found(self, which: str) -> list[tuple[str, int | None]]:
        """Return code and line of each finding, or of each warning."""
        return [(one["code"], one["line"]) for one in self.told.get(which, ())]

    def form(self, form: str) -> Answer:
        """Return a public form of the document."""
        return self.public[f"/documents/demo/{self.slug}{form}"]

    @cached_property
    def page(self) -> LexborHTMLParser:
        """The public page."""
        return LexborHTMLParser(self.form("").body.decode())

    @cached_property
    def article(self) -> LexborNode:
        """What the public page is about."""
        (article,) = self.page.css("article")
        return article

    @cached_property
    def read(self) -> LexborNode:
        """The page of the full text, but for what the gateway puts around the text."""
        body = LexborHTMLParser(self.full[""].body.decode()).body
        assert body is not None
        for node in body.css(AROUND):
            node.decompose()
        return body

    def shown(self) -> Iterator[tuple[str, str]]:
        """Yield the name of each public form, and the words that it shows."""
        yield "page", squeezed(self.article.text())
        yield ".md", squeezed(self.form(".md").body.decode())
        yield ".txt", squeezed(self.form(".txt").body.decode())
        yield ".json", squeezed("".join(_strings(json.loads(self.form(".json").body))))

    def read_in(self) -> Iterator[tuple[str, str]]:
        """Yield the same of the full text, on its page and as plain text."""
        yield "full page", squeezed(self.read.text())
        yield "full .txt", squeezed(self.full[".txt"].body.decode())


def _strings(told: object) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, Mapping):
        for value in told.values():
            yield from _strings(value)
    elif isinstance(told, list):
        for value in told:
            yield from _strings(value)


async def send(publisher: Caller, case: Case, method: str = "PUT", after: str = "") -> Answer:
    """Send a case to its address, as its row says."""
    media_type = case["type"]
    if "charset" in case:
        media_type += f"; charset={case['charset']}"
    target = f"/api/documents/{slug_of(case)}{after}" + ("?free=true" if case.get("free") else "")
    return await publisher.send(method, target, body_of(case), content_type=media_type)


async def answers_to(case: Case) -> Answers:
    """Upload a case to a gateway of its own, and gather what it answers."""
    standing = gateway()
    publisher, slug = await caller(standing), slug_of(case)
    upload = await send(publisher, case)
    addresses = [f"/documents/demo/{slug}{form}" for form in SUFFIXES]
    public = {
        address: await exchange(standing.app, "GET", address) for address in (*addresses, *LISTS)
    }
    full = {}
    if upload.status in (200, 201):
        _, token = await standing.grant(f"document:{slug}")
        bearer = ("authorization", f"Bearer {token}")
        for form in SUFFIXES:
            read = await exchange(standing.app, "GET", f"/read/demo/{slug}{form}", [bearer])
            assert read.status == 200
            full[form] = read
    return Answers(upload, public, full, slug)
