"""P-NI, P-CANARY and P-SHOWN over what stands beside a text, in every format that can show it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import docx
import pytest
from PIL import Image

from gateway.core.bundles import IDENTITY, Bundle
from gateway.core.companions import ATTACHMENTS, PICTURES
from gateway.core.documents import Address
from gateway.formats.companions import addresses_in
from gateway.ports import MadeCompanion
from gateway.rendering.encodings import stored_representation
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.vault import FileVault
from gateway.stores.memory import MemoryLedger
from gateway.usecases.composing import Composed, Task
from gateway.usecases.picturing import Picturing
from gateway.usecases.submissions import Submission
from tests.properties.canaries import canaries, found_in, needles
from tests.properties.public_surface import crawl, observe, of_document
from tests.properties.test_non_interference import Leak, differences, leaky
from tests.support import pictures
from tests.support.asgi import exchange
from tests.support.samples import names
from tests.support.services import Standing, gateway
from tests.support.services import _standing as standing_on

pytestmark = pytest.mark.anyio

BEGIN, END = "##paidbegin##", "##paidend##"


@dataclass(frozen=True, slots=True)
class Source:
    """A source, and what its publisher sends beside it."""

    body: bytes
    form: str
    beside: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Content:
    """Words and pictures by name, in their order, of the free and of the paid part."""

    free: Sequence[str]
    paid: Sequence[str]
    bodies: Mapping[str, bytes]


def _markdown(content: Content) -> Source:
    lines = [
        "# A title",
        *(_in_markdown(name) for name in content.free),
        BEGIN,
        "Paid words.",
        *(_in_markdown(name) for name in content.paid),
        END,
        "The end.",
    ]
    return Source("\n\n".join(lines).encode(), "markdown", content.bodies)


def _in_markdown(name: str) -> str:
    return f"[a file]({name})" if name.endswith(".pdf") else f"![{name[:4]}]({name})"


def _html(content: Content) -> Source:
    def shown(some: Sequence[str]) -> str:
        return "".join(
            f'<p><a href="{name}">a file</a></p>'
            if name.endswith(".pdf")
            else f'<p><img src="{name}"></p>'
            for name in some
        )

    text = f"<h1>A title</h1>{shown(content.free)}<p>{BEGIN}</p><p>Paid words.</p>"
    text += f"{shown(content.paid)}<p>{END}</p><p>The end.</p>"
    return Source(text.encode(), "html", content.bodies)


def _docx(content: Content) -> Source:
    made = docx.Document()
    made.add_heading("A title")

    def show(some: Sequence[str]) -> None:
        for name in some:
            if not name.endswith(".pdf"):
                made.add_picture(BytesIO(content.bodies[name]))

    show(content.free)
    made.add_paragraph(f"{BEGIN}Paid words.")
    show(content.paid)
    made.add_paragraph(END)
    made.add_paragraph("The end.")
    out = BytesIO()
    made.save(out)
    return Source(out.getvalue(), "docx", {})


WRITERS: Mapping[str, Callable[[Content], Source] | None] = {
    "plain": None,  # words alone
    "markdown": _markdown,
    "html": _html,
    "docx": _docx,
}
SHOWING = [form for form, writer in WRITERS.items() if writer]


def test_every_format_can_show_what_stands_beside_it_or_says_that_it_cannot() -> None:
    assert list(WRITERS) == names()


def written(form: str, content: Content) -> Source:
    writer = WRITERS[form]
    assert writer
    return writer(content)


def bodies(chance: random.Random, word: str = "") -> dict[str, bytes]:
    """Return some pictures by name, and an attachment; no two are alike."""
    made = {f"p{n}.png": pictures.png(word + "x" * n, 40 + n) for n in range(4)}
    made["large.png"] = pictures.png(word, 1_200 + chance.randrange(9), 8)
    return made | {"file.pdf": b"%PDF-1.7 " + word.encode() + chance.randbytes(20)}


async def published(side: Standing, slug: str, source: Source) -> str:
    await side.services.publishers.register("demo")
    address = Address("demo", slug)
    for name, body in source.beside.items():
        kind = ATTACHMENTS if name.endswith(".pdf") else PICTURES
        await side.services.picturing.put(address, name, body, kind)
    submission = Submission(address, source.body, source.form)
    return (await side.services.publishing.publish(submission)).edition.id


# --- P-NI --------------------------------------------------------------------------------------


def pair(chance: random.Random, form: str) -> tuple[Source, Source]:
    """Return two sources of one free text, with other pictures in and beside the paid one."""
    free = chance.sample(sorted(bodies(chance)), chance.randrange(3))
    public = {name: body for name, body in bodies(random.Random(1)).items() if name in free}
    sides = []
    for _ in range(2):
        own = {f"own-{n}-{name}": body for n in range(2) for name, body in bodies(chance).items()}
        shown = chance.sample(sorted(own), chance.randrange(4))
        again = chance.sample(free, chance.randrange(len(free) + 1))
        content = Content(free, [*shown, *again], public | {name: own[name] for name in shown})
        sides.append(written(form, content))
    return sides[0], sides[1]


async def two_sides(
    form: str, seeds: range, leak: Leak | None = None
) -> tuple[Standing, Standing, list[str]]:
    sides = gateway(), gateway()
    if leak:
        sides = leaky(sides[0], leak), leaky(sides[1], leak)
    slugs = []
    for seed in seeds:
        slug = f"{form}{seed}"
        for side, source in zip(sides, pair(random.Random(seed), form), strict=True):
            await published(side, slug, source)
        slugs.append(f"demo/{slug}")
    return *sides, slugs


async def unlike(one: Standing, other: Standing, documents: Sequence[str]) -> list[object]:
    """Return what the world could tell two gateways apart by."""
    found: list[object] = []
    for document in documents:
        address = Address.of(*document.split("/"))
        stored, stored_too = [await side.store.get(address) for side in (one, other)]
        assert stored
        assert stored_too
        if replace(stored, edition="") != replace(stored_too, edition=""):
            found.append(document)
    return found or list(
        await differences(one, other, documents, headers=((), (("range", "bytes=0-3"),)))
    )


@pytest.mark.parametrize("form", SHOWING)
async def test_pictures_of_paid_text_change_nothing_for_the_world(form: str) -> None:
    one, other, documents = await two_sides(form, range(4))
    assert await unlike(one, other, documents) == []


def _all_public(task: Task, composed: Composed) -> Composed:
    """Put what paid text shows where everyone finds it."""
    public, full = composed.fittings
    sealed = composed.sealed
    forms = {**sealed.public.forms, **{n: f for n, f in sealed.full.forms.items() if "/" in n}}
    return replace(
        composed,
        fittings=((*public, *full), full),
        sealed=replace(sealed, public=replace(sealed.public, forms=forms)),
    )


def _counted(task: Task, composed: Composed) -> Composed:
    """Say on the page how many pictures the full text shows."""
    full = composed.sealed.full.forms["html.en"].bodies[IDENTITY]
    public = composed.sealed.public
    page = public.forms["html"]
    told = page.bodies[IDENTITY] + b"<!-- %d -->" % full.count(b"<img")
    forms = {**public.forms, "html": stored_representation(page.media_type, told)}
    return replace(composed, sealed=replace(composed.sealed, public=replace(public, forms=forms)))


@pytest.mark.parametrize("form", SHOWING)
@pytest.mark.parametrize("leak", [_all_public, _counted])
async def test_what_tells_of_pictures_in_paid_text_is_seen(form: str, leak: Leak) -> None:
    one, other, documents = await two_sides(form, range(4), leak)
    assert await unlike(one, other, documents) != []


# --- P-SHOWN -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", SHOWING)
async def test_what_is_public_is_on_the_page_and_what_is_sealed_is_in_the_text(form: str) -> None:
    side = gateway()
    for seed in range(4):
        edition = await published(side, "d", pair(random.Random(seed), form)[0])
        address = Address("demo", "d")
        public = await side.store.get(address)
        assert public
        _, token = await side.grant("document:d")
        read = await exchange(
            side.app, "GET", "/read/demo/d", [("authorization", f"Bearer {token}")]
        )
        page = public.forms["html"].bodies[IDENTITY].decode()
        assert _forms(public, "/documents/demo/d") == _addresses(page)
        full = (await side.vault.public(address, edition), _addresses(read.body.decode()))
        for at in full[1]:
            assert at.startswith("/read/demo/d/") or at in _addresses(page)
        for suffix in (".md", ".json"):
            told = public.forms[suffix[1:]].bodies[IDENTITY].decode()
            assert "/read/demo" not in told


def _forms(bundle: Bundle, below: str) -> set[str]:
    return {
        f"{below}/{name}" for name in bundle.forms if "/" in name and not name.endswith("-small")
    }


def _addresses(page: str) -> set[str]:
    article = page.partition("<article")[2].partition("</article>")[0]
    return {a for a in addresses_in(article) if f"/{PICTURES}/" in a or f"/{ATTACHMENTS}/" in a}


# --- P-CANARY ----------------------------------------------------------------------------------

WORDS = canaries(21)


def canary_content() -> Content:
    """Return a picture of each kind, free and paid, and an attachment, all with canaries."""
    made = {
        f"{side}-{kind.partition('/')[2]}": build(WORDS[0], 1_000, height + index)
        for side, height in (("free", 20), ("paid", 40))
        for index, (kind, build) in enumerate(pictures.KINDS.items())
    }
    made["paid.pdf"] = b"%PDF-1.7 " + WORDS[2].encode()
    free = [name for name in made if name.startswith("free")]
    return Content(free, [name for name in made if name not in free], made)


async def canary_side(root: Path) -> Standing:
    """Build a gateway on files, so that all that it keeps can be searched."""
    plain = gateway()
    side = standing_on(
        plain.services.settings,
        plain.clock,
        MemoryLedger(),
        FilePublicStore(root / "public"),
        FileVault(root / "vault"),
    )
    content = canary_content()
    assert all(found_in(body, needles(WORDS)) for body in content.bodies.values())
    for form in ("markdown", "html"):
        await published(side, form, written(form, content))
    return side


def kept(root: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


async def test_no_word_beside_the_pixels_is_in_any_answer_to_anyone_or_in_anything_kept(
    tmp_path: Path, logged: list[object]
) -> None:
    side = await canary_side(tmp_path)
    _, token = await side.grant("all")
    bearer = ("authorization", f"Bearer {token}")
    hidden, public = needles(WORDS[:1]), needles(WORDS)
    documents = [a for d in ("markdown", "html") for a in of_document(f"demo/{d}")]
    found = await crawl(side.app, ["/", *documents])
    shown = {each for each in found if "/pictures/" in each} - {*documents}
    assert len(shown) == 2 * 2 * len(pictures.KINDS)
    for key, answer in (await observe(side.app, found, ((),))).items():
        assert found_in(f"{answer.headers}".encode() + answer.body, public) == [], key
    searched = 0
    for document in ("markdown", "html"):
        page = await exchange(side.app, "GET", f"/read/demo/{document}", [bearer])
        for address in sorted(_addresses(page.body.decode())):
            answer = await exchange(side.app, "GET", address, [bearer])
            assert answer.status == 200
            assert found_in(answer.body, hidden) == []
            is_file = f"/{ATTACHMENTS}/" in address
            assert bool(found_in(answer.body, public)) is is_file  # the scan sees what is there
            searched += 1
    assert searched == 2 * (2 * len(pictures.KINDS) + 1)
    assert found_in(kept(tmp_path), hidden) == []
    assert found_in(repr(logged).encode(), public) == []


async def test_a_maker_that_keeps_what_was_sent_is_seen(tmp_path: Path) -> None:
    side = await canary_side(tmp_path)

    async def keep(_: str, name: str, body: bytes, kind: str) -> MadeCompanion:
        made = await side.services.picturing._make("demo", name, body, kind)
        forms = {part: stored_representation("image/png", body) for part in made.forms}
        return MadeCompanion(made.companion, forms)

    lax = Picturing(side.vault, side.services.audit, side.clock, keep)
    await lax.put(Address("demo", "x"), "a.png", pictures.png(WORDS[0]), PICTURES)
    assert found_in(kept(tmp_path), needles(WORDS[:1])) != []


async def test_a_small_picture_says_nothing_that_the_large_one_does_not(tmp_path: Path) -> None:
    made = await gateway().services.picturing._make(
        "demo", "a", pictures.jpeg(WORDS[0], 3_000, 30), PICTURES
    )
    large, small = (
        Image.open(BytesIO(made.forms[part].bodies[IDENTITY])) for part in ("whole", "small")
    )
    assert small.width < large.width
    assert not {"exif", "icc_profile", "comment", "xmp"} & {*small.info, *large.info}
