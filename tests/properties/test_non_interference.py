"""P-NI: public answers are a function of the free text alone.

Two gateways with the same clock, chance and secrets are given documents that differ in paid text
only; then everything that the world can ask for is compared byte for byte. Paid texts of one size
step: no mask at all. Of different steps: the disclosure register is the only mask.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from gateway.core import bundles
from gateway.core.bundles import IDENTITY, Representation
from gateway.core.documents import SIZE_STEPS, Address
from gateway.core.errors import Refused
from gateway.core.timestamps import timestamp
from gateway.formats import FORMATS
from gateway.formats.sources import SourceFormats
from gateway.rendering.cards import card
from gateway.rendering.encodings import etag_of, public_representation
from gateway.rendering.representations import CARD, OEMBED
from gateway.usecases.composers import Composer
from gateway.usecases.composing import Composed, Task, prepare
from gateway.usecases.submissions import Submission
from gateway.web.lists import Lists
from gateway.web.public import Public
from gateway.web.search import Search
from gateway.web.site import Site
from tests.properties import texts
from tests.properties.public_surface import (
    AUTHOR,
    COLLECTION,
    FIXED,
    GROUPS,
    HEADERS,
    TAG,
    crawl,
    observe,
    of_document,
)
from tests.properties.register import masked
from tests.support import pictures
from tests.support.answers import Answer, Headers
from tests.support.samples import body_of, names
from tests.support.services import NOW, Standing, composing_with, gateway

PAIRS = int(os.environ.get("PAIDGATE_PAIRS", "40"))
BATCH = 20
FEW = 6
FRONT = (
    f"---\ncollection: {COLLECTION}\nauthor: {AUTHOR}\ntags: ['{TAG}', b]\nlicence: CC0\n"
    "offer: {name: All, price: $1}\n---\n"
)
FRONTED = [form.name for form in FORMATS if form.is_text]

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sources of one document that differ in paid text only."""

    slug: str
    form: str
    sources: tuple[str, str]


def pair(chance: random.Random, slug: str, *, same_steps: bool = True) -> Pair:
    """Return a random pair: same free text, same places of sections, other paid texts."""
    form = chance.choice(names())
    front = chance.choice(("", FRONT)) if form in FRONTED else ""
    sources = [f"{front}Title of {slug}\n\n"] * 2
    for _ in range(chance.randrange(1, 4)):
        free = texts.free_text(chance)
        steps = _steps(chance, same=same_steps)
        begin, end = chance.choice(
            (
                ("##paidbegin##", "##paidend##"),
                ("$$paidbegin$$", "$$paidend$$"),
                ("<paid>", "</paid>"),
            )
        )
        for side in (0, 1):
            paid = texts.paid_text(chance, *steps[side])
            sources[side] += f"{free}{begin}{paid}{end}"
    tail = texts.free_text(chance)
    return Pair(slug, form, (sources[0] + tail, sources[1] + tail))


def _steps(chance: random.Random, *, same: bool) -> list[tuple[int, int]]:
    bounds = list(pairwise(SIZE_STEPS[:5]))
    first = chance.choice(bounds[:2] if chance.random() < 0.9 else bounds)
    return [first, first if same else chance.choice(bounds)]


def sound_pairs(chance: random.Random, count: int, *, same_steps: bool = True) -> list[Pair]:
    """Return as many pairs of which both sides can be published."""
    found: list[Pair] = []
    while len(found) < count:
        each = pair(chance, f"d{len(found)}", same_steps=same_steps)
        if all(_is_sound(each, source) for source in each.sources):
            found.append(each)
    return found


PROFILE = {"name": "灯房", "help": "help@lamp.example", "about": "Of lamps.", "colour": "#1a5fb4"}


async def two_gateways(
    pairs: Iterable[Pair], leak: Leak | None = None
) -> tuple[Standing, Standing, list[str]]:
    """Publish each pair, one side to each gateway."""
    sides = gateway(), gateway()
    if leak:
        sides = leaky(sides[0], leak), leaky(sides[1], leak)
    published = []
    for side in sides:
        await side.services.publishers.register("demo")
        await side.services.profiles.change("demo", PROFILE, pictures.png("mark"))
    for each in pairs:
        for side, source in zip(sides, each.sources, strict=True):
            await side.publish(each.slug, source, form=each.form)
        published.append(f"demo/{each.slug}")
    return *sides, published


def _is_sound(each: Pair, source: str) -> bool:
    submission = Submission(
        Address("demo", each.slug), body_of(each.form, source), each.form, free=True
    )
    try:
        prepare(submission, SourceFormats(), NOW)
    except Refused:
        return False
    return True


async def differences(
    one: Standing,
    other: Standing,
    documents: Iterable[str],
    *,
    mask: bool = False,
    headers: Iterable[Headers] = HEADERS,
) -> list[tuple[object, ...]]:
    """Return every request whose answers differ."""
    addresses = [*FIXED, *(a for d in documents for a in of_document(d))]
    addresses = await crawl(one.app, addresses)
    assert addresses == await crawl(other.app, addresses[: len(addresses)])
    seen, seen_too = [await observe(side.app, addresses, headers) for side in (one, other)]
    assert seen.keys() == seen_too.keys()
    shown: Callable[[Answer], object] = masked if mask else lambda answer: answer
    return [key for key in seen if shown(seen[key]) != shown(seen_too[key])]


@pytest.mark.parametrize("batch", range(-(-PAIRS // BATCH)))
async def test_documents_that_differ_in_paid_text_only_are_the_same_to_the_world(
    batch: int,
) -> None:
    pairs = sound_pairs(random.Random(batch), BATCH)
    one, other, documents = await two_gateways(pairs)
    assert len(documents) == BATCH
    assert await differences(one, other, documents) == []


async def test_paid_texts_of_other_sizes_differ_only_where_the_register_says() -> None:
    pairs = sound_pairs(random.Random(7), BATCH, same_steps=False)
    one, other, documents = await two_gateways(pairs)
    assert await differences(one, other, documents, headers=HEADERS[:1]) != []
    assert await differences(one, other, documents, mask=True) == []


async def test_an_edit_of_paid_text_changes_nothing_in_public() -> None:
    pairs = sound_pairs(random.Random(11), FEW)
    before = [replace(each, sources=(each.sources[0],) * 2) for each in pairs]
    edited, untouched, documents = await two_gateways(before)
    for side in (edited, untouched):
        side.clock.at += 86_400
    for each in pairs:
        published = await edited.publish(each.slug, each.sources[1], form=each.form)
        assert published.edition.made_at == edited.clock.at
    # The history is the publisher's; ids of editions are in no public answer.
    assert await differences(edited, untouched, documents) == []


# --- the checker catches what leaks ---

Leak = Callable[[Task, Composed], Composed]


def leaky(side: Standing, leak: Leak) -> Standing:
    """Return the same gateway with a publication that leaks."""

    async def compose_leaking(task: Task) -> Composed:
        return leak(task, await usual.compose(task))

    usual = side.services.publishing._composer
    services = composing_with(side.services, Composer(compose_leaking, usual.prepare))
    return replace(side, services=services)


def _with_page(composed: Composed, change: Callable[[bytes], bytes]) -> Composed:
    public = composed.sealed.public
    page = public.forms["html"]
    forms = {
        **public.forms,
        "html": public_representation(page.media_type, change(page.bodies[IDENTITY])),
    }
    return replace(composed, sealed=replace(composed.sealed, public=replace(public, forms=forms)))


def said(task: Task) -> str:
    """Return all that a source says."""
    sent = task.submission
    return SourceFormats().text(sent.body, sent.charset, sent.format)


def etag_over_source(task: Task, composed: Composed) -> Composed:
    public = composed.sealed.public
    forms = {
        n: Representation(f.media_type, etag_of(task.submission.body), f.bodies)
        for n, f in public.forms.items()
    }
    return replace(composed, sealed=replace(composed.sealed, public=replace(public, forms=forms)))


def reading_time(task: Task, composed: Composed) -> Composed:
    minutes = len(said(task)) // 10
    return _with_page(composed, lambda body: body + f"<!-- {minutes} -->".encode())


def summary_over_source(task: Task, composed: Composed) -> Composed:
    public = composed.sealed.public
    assert public.entry
    entry = replace(public.entry, summary=said(task)[-40:])
    return replace(composed, sealed=replace(composed.sealed, public=replace(public, entry=entry)))


def paid_headings(task: Task, composed: Composed) -> Composed:
    full = json.loads(composed.sealed.full.forms["json"].bodies[IDENTITY])["html"]
    found = " ".join(re.findall("<h2.*?</h2>", full, re.DOTALL))
    return _with_page(composed, lambda body: body.replace(b"</main>", found.encode() + b"</main>"))


def language_of_all(task: Task, composed: Composed) -> Composed:
    text = said(task)
    language = "zh" if sum(c > "\u4e00" for c in text) * 2 > len(text) else "en"
    return _with_page(
        composed, lambda body: body.replace(b"<html ", f"<html data-l={language} ".encode())
    )


def canonical_edition(task: Task, composed: Composed) -> Composed:
    digest = etag_of(composed.sealed.source).strip('"')
    return _with_page(
        composed, lambda body: body.replace(b"</head>", f"<link href={digest}></head>".encode())
    )


def _with_entry(composed: Composed, **changed: object) -> Composed:
    public = composed.sealed.public
    assert public.entry
    entry = replace(public.entry, **changed)  # type: ignore[arg-type]
    return replace(composed, sealed=replace(composed.sealed, public=replace(public, entry=entry)))


def _with_form(composed: Composed, name: str, body: bytes) -> Composed:
    public = composed.sealed.public
    changed = public_representation(public.forms[name].media_type, body)
    sealed = replace(composed.sealed, public=replace(public, forms={**public.forms, name: changed}))
    return replace(composed, sealed=sealed)


def order_by_size(task: Task, composed: Composed) -> Composed:
    return _with_entry(composed, order=len(said(task)))


def tags_of_source(task: Task, composed: Composed) -> Composed:
    return _with_entry(composed, tags=(TAG, etag_of(task.submission.body).strip('"')))


def updated_by_size(task: Task, composed: Composed) -> Composed:
    return _with_entry(composed, updated=timestamp(NOW + len(said(task))))


def card_of_source(task: Task, composed: Composed) -> Composed:
    return _with_form(composed, CARD, card(etag_of(task.submission.body), "demo", ""))


def embedded_digest(task: Task, composed: Composed) -> Composed:
    return _with_form(composed, OEMBED, etag_of(task.submission.body).encode())


def licence_by_digest(task: Task, composed: Composed) -> Composed:
    return _with_form(
        composed, bundles.HEADERS, b"link: <%b>\r\n" % etag_of(task.submission.body).encode()
    )


LETTERS = f"/documents/demo/collections/{COLLECTION}"
IN_GROUPS = [f"/documents/demo/{group}" for group in GROUPS]


@pytest.mark.parametrize(
    ("leak", "places"),
    [
        (
            summary_over_source,
            ("/", "/feed.xml", "/documents/demo", LETTERS, f"{LETTERS}/feed.xml", *IN_GROUPS),
        ),
        (updated_by_size, ("/feed.xml", "/documents/demo/feed.xml", "/sitemap.xml")),
        (order_by_size, (LETTERS, "/documents/demo/d0/near.html")),
        (tags_of_source, (f"{IN_GROUPS[1]}/feed.xml",)),
        (card_of_source, ("/documents/demo/d0/card.png",)),
        (embedded_digest, ("/oembed?url=http%3A%2F%2F127.0.0.1%3A8000%2Fdocuments%2Fdemo%2Fd0",)),
        (licence_by_digest, ("/documents/demo/d0", "/documents/demo/d0.md")),
    ],
)
async def test_the_checker_catches_a_leak_where_it_shows(
    leak: Leak, places: tuple[str, ...]
) -> None:
    pairs = sound_pairs(random.Random(5), BATCH // 2)
    one, other, documents = await two_gateways(pairs, leak)
    found = {key[1] for key in await differences(one, other, documents, headers=HEADERS[:1])}
    assert found >= {*places}


def test_every_public_route_is_asked() -> None:
    asked = [each.partition("?")[0] for each in (*FIXED, *of_document("demo/d"))]
    public = Public, Lists, Site, Search
    for route in gateway().app.routes:  # type: ignore[attr-defined]
        if isinstance(getattr(route.endpoint, "__self__", None), public):
            assert any(map(route.path_regex.fullmatch, asked)), route.path


@pytest.mark.parametrize(
    "leak",
    [
        etag_over_source,
        reading_time,
        summary_over_source,
        paid_headings,
        language_of_all,
        canonical_edition,
    ],
)
async def test_the_checker_catches_a_leak(leak: Leak) -> None:
    pairs = sound_pairs(random.Random(5), FEW)
    one, other, documents = await two_gateways(pairs, leak)
    assert await differences(one, other, documents, headers=HEADERS[:1]) != []
