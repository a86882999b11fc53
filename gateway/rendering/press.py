"""The press: sets texts into the forms in which they are sent.

A public form is a function of the projection alone: no clock, no edition, no request.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urlencode

from markupsafe import Markup

from gateway.core.bundles import HEADERS, IDENTITY, Bundle, Entry
from gateway.core.documents import (
    PLACEHOLDER,
    Address,
    FullText,
    Meta,
    Offer,
    Projection,
    Rendering,
)
from gateway.core.errors import Unpaid
from gateway.core.prices import price_of
from gateway.core.timestamps import day_of
from gateway.rendering.body import GO_ON, going_on, with_regions
from gateway.rendering.cards import SIZE, card
from gateway.rendering.encodings import (
    picture_representation,
    private_representation,
    public_representation,
)
from gateway.rendering.front_matter import front_matter
from gateway.rendering.lengths import minutes
from gateway.rendering.linked_data import Crumb, crumbs, publisher, way
from gateway.rendering.listings import FEED, SITE
from gateway.rendering.pages import LANGUAGES, Language, Pages, interface
from gateway.rendering.paging import MAX_PAGES, Page, form_of, paged, whole
from gateway.rendering.problems import PROBLEM, problem_details
from gateway.rendering.representations import (
    CARD,
    HTML,
    JSON,
    OEMBED,
    OTHERS,
    TEXT,
)

UNLOCK = "/unlock"  # the page where a token is typed or a link leads

REFUSED = {"html": "html.refused", "json": "json.refused"}  # forms that a refusal has of its own

SHOWN_OUTLINE = 5  # lines on the panel
LONG = 20_000  # characters
RTL = frozenset(("ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"))

_SUMMARY = 140
_MARKS = re.compile(r"([\\`*_\[\]<>#|~])")
_ACT = re.compile(r"购买|订阅|加入|支付|打赏|(?:buy|subscribe|join|get|order|pay)\b", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|mailto:|/(?!/))[^\s\\]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cut:
    """One paid section, as the world sees it: which one, and a lower bound of its size."""

    number: int
    size_at_least: int


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer as the panel shows it. link: to the shop, with what the shop has to know."""

    name: str
    price: str
    note: str
    link: str

    @property
    def says_act(self) -> bool:
        """Return whether the name itself says what pressing it does."""
        return _ACT.match(self.name) is not None


@dataclass(frozen=True, slots=True)
class FreePiece:
    """One free stretch of a text."""

    html: Markup
    text: str


class PagePress:
    """Sets texts with the pages of the gateway. Links start at the root if base_url is ""."""

    def __init__(self, pages: Pages, base_url: str = "") -> None:
        self._pages = pages
        self._base = base_url.rstrip("/")

    def public(self, projection: Projection, edition: str) -> Bundle:
        """Return the public forms: preview page, Markdown, plain text, JSON, and the refusal."""
        sheet = _Sheet(projection.address, projection.meta, projection.rendering, self._base)
        cuts = [Cut(number, size) for number, size in enumerate(projection.cuts, 1)]
        pages = self._previews(projection, sheet, cuts)
        facts = _public_facts(projection, sheet, cuts)
        bodies = {
            form_of("html", number): self._pages.render("preview.html", sheet.interface, **page)
            for number, page in enumerate(pages, 1)
        }
        forms = {HEADERS: private_representation(TEXT, _headers(sheet))}
        forms |= {name: public_representation(HTML, body) for name, body in bodies.items()}
        bodies = {
            "md": front_matter(facts) + self._lines(sheet, sheet.markdown, cuts),
            "txt": self._lines(sheet, sheet.text, cuts),
            "json": _json(facts),
        }
        forms |= {
            each.name: public_representation(each.media_type, bodies[each.name]) for each in OTHERS
        }
        # Whoever is refused sees the first page, whatever page was asked for: how many the whole
        # has is for those who may read it.
        refused = self._pages.render("refused.html", sheet.interface, **pages[0] | {"state": "no"})
        forms |= {
            CARD: picture_representation(card(sheet.title, sheet.publisher, _day(projection))),
            OEMBED: public_representation(JSON, _json(_embedded(sheet))),
            REFUSED["html"]: private_representation(HTML, refused),
            REFUSED["json"]: private_representation(PROBLEM, _json(_refusal(facts))),
        }
        return Bundle(edition, forms, _entry(projection, sheet, self._base))

    def full(self, full: FullText, edition: str) -> Bundle:
        """Return the forms for the holder of a right, uncompressed and without ETag."""
        sheet = _Sheet(full.address, full.meta, full.rendering, self._base)
        html = sheet.rendering.html
        html = html if full.free_start is None else going_on(html, full.free_start)
        forms = {
            form_of(f"html.{language}", page.number): private_representation(
                HTML, self._read(sheet, language, page)
            )
            for language in LANGUAGES
            for page in paged(self._with_regions(html, language), f"/read/{sheet.address}")
        }
        goes_on = next((p.number for p in paged(html, "") if f'id="{GO_ON}"' in p.html), 1)
        if goes_on > 1:
            forms[GO_ON] = private_representation(TEXT, str(goes_on).encode())
        bodies = {
            "md": front_matter(_facts(sheet)) + sheet.markdown.encode(),
            "txt": sheet.text.encode(),
            "json": _json(_full_facts(sheet)),
        }
        for each in OTHERS:
            forms[each.name] = private_representation(each.media_type, bodies[each.name])
        return Bundle(edition, forms)

    def article(self, projection: Projection) -> Markup:
        """Return what the preview page shows of a projection, without the page around it."""
        sheet = _Sheet(projection.address, projection.meta, projection.rendering, self._base)
        cuts = [Cut(number, size) for number, size in enumerate(projection.cuts, 1)]
        html = self._with_regions(projection.rendering.html, sheet.interface)
        page = self._preview(projection, sheet, cuts, whole(html, sheet.path), iter(cuts))
        article = self._pages.render("article.html", sheet.interface, **page)
        return Markup(article.decode())  # noqa: S704  set by our own template

    @staticmethod
    def article_in(public: Bundle) -> Markup:
        """Return the same out of the preview pages that were set before."""
        articles = []
        for number in range(1, MAX_PAGES + 1):
            form = public.forms.get(form_of("html", number))
            text = form.bodies[IDENTITY].decode() if form else ""
            if text:
                start, end = text.index('<article class="sheet'), text.rindex("</article>")
                articles.append(text[start:end] + "</article>")
        return Markup("\n".join(articles))  # noqa: S704  set by our own template

    def _read(self, sheet: _Sheet, language: Language, page: Page) -> bytes:
        body = Markup(page.html)  # noqa: S704  sanitised before
        return self._pages.render("read.html", language, document=sheet, body=body, page=page)

    def _with_regions(self, html: str, language: Language) -> str:
        _ = self._pages.gettext(language)
        words = {"table": _("Table %(number)s"), "pre": _("Code %(number)s")}
        return with_regions(html, lambda name, number: words[name] % {"number": number})

    def _previews(
        self, projection: Projection, sheet: _Sheet, cuts: list[Cut]
    ) -> list[dict[str, object]]:
        html, left = self._with_regions(projection.rendering.html, sheet.interface), iter(cuts)
        return [
            self._preview(projection, sheet, cuts, page, left) for page in paged(html, sheet.path)
        ]

    def _preview(
        self,
        projection: Projection,
        sheet: _Sheet,
        cuts: list[Cut],
        page: Page,
        left: Iterator[Cut],
    ) -> dict[str, object]:
        return {
            "document": sheet,
            "published": projection.published,
            "updated": projection.updated,
            "summary": _summary(projection),
            "base": self._base,
            "page": page,
            "cuts": cuts,
            "parts": _on_page(page.html, left),
            "linked_data": _linked_data(projection, sheet, bool(cuts)),
            "offers": [self._shown(sheet, offer) for offer in sheet.offers],
            "unlock": UNLOCK,
            "state": "",
        }

    def _shown(self, sheet: _Sheet, offer: Offer) -> ShownOffer:
        """Return an offer whose shop is told what is bought, and where its buyer goes on."""
        link = offer.url
        if not link.lower().startswith("mailto:"):
            told = {"document": str(sheet.address)} | (
                {"return": sheet.unlock} if self._base else {}
            )
            link = _with_query(link, urlencode(told, safe="/", quote_via=quote)) if link else ""
        return ShownOffer(offer.name, offer.price, offer.note, link)

    def _lines(self, sheet: _Sheet, text: str, cuts: list[Cut]) -> bytes:
        """Return a text with one constant line for each cut."""
        pieces = [piece.strip("\n") for piece in text.split(PLACEHOLDER)]
        parts = pieces[:1]
        for piece, cut in zip(pieces[1:], cuts, strict=True):
            parts += [self._paywall_line(sheet, cut), piece]
        return ("\n\n".join(filter(None, parts)) + "\n").encode()

    def _paywall_line(self, sheet: _Sheet, cut: Cut) -> str:
        _ = self._pages.gettext(sheet.interface)
        size = _("%(size)s characters or more") % {"size": f"{cut.size_at_least:,}"}
        unlock = _("unlock: %(path)s") % {"path": f"{sheet.url}#unlock"}
        told = [_("Paid section"), *([size] if cut.size_at_least else []), unlock]
        return f"[{' · '.join(told)}]"


class _Sheet:
    """What every form of one text says about it."""

    def __init__(self, address: Address, meta: Meta, rendering: Rendering, base: str) -> None:
        self.address = address
        self.rendering = rendering
        self.title = _one_line(meta.title)
        self.language = meta.language
        self.interface = interface(self.language)
        self.author = _one_line(meta.author)
        self.date = meta.date and day_of(meta.date)
        self.published = meta.date and meta.date.isoformat()
        self.summary = _one_line(meta.summary)
        self.collection = meta.collection
        self.licence = meta.licence
        self.origin = base
        self.publisher = address.publisher
        self.home = f"{base}/documents/{address.publisher}"
        self.original = f"{self.home}/{meta.translation_of}" if meta.translation_of else ""
        self.path = f"/documents/{address}"
        self.url = base + self.path
        self.card = f"{self.url}/{CARD}"
        self.feed = f"{self.home}/{FEED}"
        self.unlock = base + UNLOCK
        self.outline = [_one_line(line) for line in meta.outline[:SHOWN_OUTLINE]]
        self.offers = [_offer(offer) for offer in meta.offers]

    @property
    def direction(self) -> str:
        """Which way the text runs, where that is not from left to right."""
        return "rtl" if self.language.lower().split("-")[0] in RTL else ""

    @property
    def minutes(self) -> int:
        """How long what is here takes to read."""
        return minutes(len("".join(self.rendering.text.split())), self.language)

    @property
    def is_long(self) -> bool:
        """Return whether the list of contents stays in sight on a wide screen."""
        return len(self.rendering.text) > LONG

    @property
    def markdown(self) -> str:
        """The text in Markdown under its title."""
        body = self.rendering.markdown.strip("\n")
        title = _MARKS.sub(r"\\\1", self.title)
        return f"# {title}\n\n{body}\n"

    @property
    def text(self) -> str:
        """The plain text under its title."""
        body = self.rendering.text.strip("\n")
        return f"{self.title}\n\n{body}\n"


def _offer(offer: Offer) -> Offer:
    """Return the offer on one line each, without a link that is not a plain one."""
    url = offer.url.strip()
    url = url if _LINK.fullmatch(url) else ""
    return Offer(_one_line(offer.name), _one_line(offer.price), url, _one_line(offer.note))


def _with_query(link: str, query: str) -> str:
    place, sign, fragment = link.partition("#")
    return f"{place}{'&' if '?' in place else '?'}{query}{sign}{fragment}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _pieces(rendering: Rendering) -> list[FreePiece]:
    htmls = rendering.html.split(PLACEHOLDER)
    texts = rendering.text.split(PLACEHOLDER)
    return [
        FreePiece(Markup(html.strip()), text.strip())  # noqa: S704  sanitised before
        for html, text in zip(htmls, texts, strict=True)
    ]


def _parts(projection: Projection, cuts: list[Cut]) -> list[FreePiece | Cut]:
    """Return free pieces and cuts in their order. Raises ValueError where they do not agree."""
    first, *rest = _pieces(projection.rendering)
    parts: list[FreePiece | Cut] = [first]
    for piece, cut in zip(rest, cuts, strict=True):
        parts += [cut, piece]
    return [part for part in parts if isinstance(part, Cut) or part.html or part.text]


def _on_page(html: str, left: Iterator[Cut]) -> list[FreePiece | Cut]:
    """Return what stands on a page in its order, with the next of the cuts that are left."""
    first, *rest = (FreePiece(Markup(piece.strip()), "") for piece in html.split(PLACEHOLDER))  # noqa: S704  sanitised before
    parts: list[FreePiece | Cut] = [first]
    for piece in rest:
        parts += [next(left), piece]
    return [part for part in parts if isinstance(part, Cut) or part.html]


def _summary(projection: Projection) -> str:
    """Return the declared summary, or the first words of the free text."""
    if declared := _one_line(projection.meta.summary):
        return declared
    stretches = projection.rendering.text.split(PLACEHOLDER)
    free = next(filter(None, map(_one_line, stretches)), "")
    return free if len(free) <= _SUMMARY else _shortened(free)


def _shortened(text: str) -> str:
    """Return the start of a text, cut where neither a character nor a word breaks."""
    end = _SUMMARY
    while end and (_joins(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    if text[end].isascii() and text[end - 1].isascii() and " " in text[end - 30 : end]:
        end = text.rindex(" ", 0, end)
    return text[:end].rstrip() + "…"


def _joins(character: str) -> bool:
    """Return whether a character belongs to the one before it: marks, joiners, skin tones."""
    return (
        unicodedata.category(character).startswith("M")
        or character == "\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def _entry(projection: Projection, sheet: _Sheet, base: str) -> Entry:
    return Entry(
        address=projection.address,
        title=sheet.title,
        summary=_summary(projection),
        language=sheet.language,
        author=sheet.author,
        published=projection.published,
        updated=projection.updated,
        collection=sheet.collection,
        order=projection.meta.order,
        translation_of=projection.meta.translation_of,
        base=base,
    )


def _day(projection: Projection) -> str:
    """Return the day of a text, as it says or as it was published."""
    day = projection.meta.date
    return day_of(day).isoformat() if day else projection.published[:10]


def _headers(sheet: _Sheet) -> bytes:
    """Return the headers that every public form is sent with besides, a line each."""
    links = [f'<{sheet.url}>; rel="canonical"']
    if sheet.licence:
        links.append(f'<{quote(sheet.licence, safe=_AS_IS)}>; rel="license"')
    return f"content-language: {sheet.language}\r\nlink: {', '.join(links)}\r\n".encode()


# Of an address, what stays: the rest, all that ends a header or a link in it too, is escaped.
_AS_IS = ":/?#[]@!$&()*+;=%-._~"


def _embedded(sheet: _Sheet) -> dict[str, object]:
    """Return what other sites show of a document in place of its address."""
    width, height = SIZE
    return {
        "type": "link",
        "version": "1.0",
        "title": sheet.title,
        "author_name": sheet.author or sheet.publisher,
        "author_url": sheet.home,
        "provider_name": sheet.publisher,
        "provider_url": sheet.home,
        "thumbnail_url": sheet.card,
        "thumbnail_width": width,
        "thumbnail_height": height,
    }


def _linked_data(projection: Projection, sheet: _Sheet, paid: bool) -> dict[str, object]:
    """Return what search engines read: nothing that the page does not say."""
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": sheet.title,
        "description": _summary(projection),
        "inLanguage": sheet.language,
        "datePublished": sheet.published or projection.published,
        "dateModified": projection.updated,
        "url": sheet.url,
        "image": {"@type": "ImageObject", "url": sheet.card, "width": SIZE[0], "height": SIZE[1]},
        "publisher": publisher(sheet.publisher, sheet.origin),
        "mainEntityOfPage": {
            "@type": "WebPage",
            "@id": sheet.url,
            "breadcrumb": crumbs([*_way(sheet), Crumb(sheet.title, sheet.url)]),
        },
        "isAccessibleForFree": not paid,
    }
    if sheet.licence:
        data["license"] = sheet.licence
    if sheet.original:
        data["translationOfWork"] = {"@type": "Article", "url": sheet.original}
    if sheet.author:
        data["author"] = {"@type": "Person", "name": sheet.author}
    if paid:
        data["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": ".paywall",
        }
    return data


def _way(sheet: _Sheet) -> list[Crumb]:
    return way(sheet.origin, SITE, sheet.publisher, sheet.collection)


def _facts(sheet: _Sheet) -> dict[str, object]:
    return {
        "title": sheet.title,
        "language": sheet.language,
        "author": sheet.author,
        "date": sheet.date.isoformat() if sheet.date else None,
        "address": str(sheet.address),
        "url": sheet.url,
        "publisher": sheet.publisher,
        "collection": sheet.collection or None,
        "summary": sheet.summary or None,
        "licence": sheet.licence or None,
        "translation_of": sheet.original or None,
    }


def _public_facts(projection: Projection, sheet: _Sheet, cuts: list[Cut]) -> dict[str, object]:
    return _facts(sheet) | {
        "published": projection.published,
        "updated": projection.updated,
        "sections": [_section(part) for part in _parts(projection, cuts)],
        "offers": [_offer_facts(offer, sheet.language) for offer in sheet.offers] if cuts else [],
        "buy": f"{sheet.url}#unlock" if cuts else None,
        "unlock": sheet.unlock,
        "card": sheet.card,
        "feed": sheet.feed,
    }


def _refusal(facts: dict[str, object]) -> dict[str, object]:
    return problem_details(Unpaid(), HTTPStatus.PAYMENT_REQUIRED) | {
        "document": {name: facts[name] for name in _NAMED},
        "offers": facts["offers"],
        "buy": facts["buy"],
        "unlock": facts["unlock"],
    }


_NAMED = ("title", "author", "language", "publisher", "address", "url")
"""What a refusal says of the document."""


def _section(part: FreePiece | Cut) -> dict[str, object]:
    if isinstance(part, Cut):
        return {"kind": "paid", "size_at_least": part.size_at_least}
    return {"kind": "free", "html": part.html, "text": part.text}


def _offer_facts(offer: Offer, language: str) -> dict[str, object]:
    price = price_of(offer.price, language)
    return {
        "name": offer.name,
        "price": offer.price,
        "url": offer.url,
        "note": offer.note,
        "amount": price.amount if price else None,
        "currency": price.currency if price else None,
        "term": (price.term or None) if price else None,
    }


def _full_facts(sheet: _Sheet) -> dict[str, object]:
    return _facts(sheet) | {
        "html": sheet.rendering.html,
        "text": sheet.rendering.text,
        "markdown": sheet.rendering.markdown,
    }


def _json(facts: dict[str, object]) -> bytes:
    return (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode()
