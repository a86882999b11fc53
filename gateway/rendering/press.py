"""The press: sets texts into the forms in which they are sent.

A public form is a function of the projection alone: no clock, no edition, no request.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from http import HTTPStatus

from markupsafe import Markup

from gateway.core.bundles import Bundle, Entry
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
from gateway.core.timestamps import day_of
from gateway.rendering.encodings import private_representation, public_representation
from gateway.rendering.pages import LANGUAGES, Language, Pages, interface
from gateway.rendering.problems import PROBLEM, problem_details
from gateway.rendering.representations import HTML, OTHERS, REPRESENTATIONS

UNLOCK = "/unlock"  # the page where a token is typed or a link leads

REFUSED = {"html": "html.refused", "json": "json.refused"}  # forms that a refusal has of its own

_SUMMARY = 140
_MARKS = re.compile(r"([\\`*_\[\]<>#|~])")
_LINK = re.compile(r"(?:https?://|mailto:|/(?!/))[^\s\\]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cut:
    """One paid section, as the world sees it: which one, and a lower bound of its size."""

    number: int
    size_at_least: int


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
        page = self._preview(projection, sheet, cuts)
        facts = _public_facts(projection, sheet, cuts)
        bodies = {
            "html": self._pages.render("preview.html", sheet.interface, **page),
            "md": self._lines(sheet, sheet.markdown, cuts),
            "txt": self._lines(sheet, sheet.text, cuts),
            "json": _json(facts),
        }
        forms = {
            each.name: public_representation(each.media_type, bodies[each.name])
            for each in REPRESENTATIONS
        } | {
            REFUSED["html"]: private_representation(
                HTML, self._pages.render("refused.html", sheet.interface, **page)
            ),
            REFUSED["json"]: private_representation(PROBLEM, _json(_refusal(facts))),
        }
        return Bundle(edition, forms, _entry(projection, sheet))

    def full(self, full: FullText, edition: str) -> Bundle:
        """Return the forms for the holder of a right, uncompressed and without ETag."""
        sheet = _Sheet(full.address, full.meta, full.rendering, self._base)
        forms = {
            f"html.{language}": private_representation(HTML, self._read(sheet, language))
            for language in LANGUAGES
        }
        bodies = {
            "md": sheet.markdown.encode(),
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
        page = self._preview(projection, sheet, cuts)
        article = self._pages.render("article.html", sheet.interface, **page)
        return Markup(article.decode())  # noqa: S704  set by our own template

    @staticmethod
    def article_in(page: bytes) -> Markup:
        """Return the same out of a preview page that was set before."""
        text = page.decode()
        start, end = text.index('<article class="sheet"'), text.rindex("</article>")
        return Markup(text[start:end] + "</article>")  # noqa: S704  set by our own template

    def _read(self, sheet: _Sheet, language: Language) -> bytes:
        body = Markup(sheet.rendering.html)  # noqa: S704  sanitised before
        return self._pages.render("read.html", language, document=sheet, body=body)

    def _preview(self, projection: Projection, sheet: _Sheet, cuts: list[Cut]) -> dict[str, object]:
        return {
            "document": sheet,
            "published": projection.published,
            "updated": projection.updated,
            "summary": _summary(projection),
            "base": self._base,
            "parts": _parts(projection, cuts),
            "linked_data": _linked_data(projection, sheet, bool(cuts)),
            "offers": sheet.offers,
            "unlock": UNLOCK,
        }

    def _lines(self, sheet: _Sheet, text: str, cuts: list[Cut]) -> bytes:
        """Return a text with one constant line for each cut."""
        pieces = [piece.strip("\n") for piece in text.split(PLACEHOLDER)]
        parts = pieces[:1]
        for piece, cut in zip(pieces[1:], cuts, strict=True):
            parts += [self._paywall_line(sheet, cut), piece]
        return ("\n\n".join(filter(None, parts)) + "\n").encode()

    def _paywall_line(self, sheet: _Sheet, cut: Cut) -> str:
        _ = self._pages.gettext(sheet.interface)
        size = _("fewer than 500 characters")
        if cut.size_at_least:
            size = _("%(size)s characters or more") % {"size": f"{cut.size_at_least:,}"}
        return _("[Paid section · %(size)s · unlock: %(path)s]") % {
            "size": size,
            "path": f"{sheet.url}#unlock",
        }


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
        self.path = f"/documents/{address}"
        self.url = base + self.path
        self.unlock = base + UNLOCK
        self.offers = [_offer(offer) for offer in meta.offers]

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
    return Offer(_one_line(offer.name), _one_line(offer.price), url if _LINK.fullmatch(url) else "")


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


def _entry(projection: Projection, sheet: _Sheet) -> Entry:
    return Entry(
        address=projection.address,
        title=sheet.title,
        summary=_summary(projection),
        language=sheet.language,
        author=sheet.author,
        published=projection.published,
        updated=projection.updated,
        collection=sheet.collection,
    )


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
        "isAccessibleForFree": not paid,
    }
    if sheet.author:
        data["author"] = {"@type": "Person", "name": sheet.author}
    if paid:
        data["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": ".paywall",
        }
    return data


def _facts(sheet: _Sheet) -> dict[str, object]:
    return {
        "title": sheet.title,
        "language": sheet.language,
        "author": sheet.author,
        "date": sheet.date.isoformat() if sheet.date else None,
        "address": str(sheet.address),
        "url": sheet.url,
    }


def _public_facts(projection: Projection, sheet: _Sheet, cuts: list[Cut]) -> dict[str, object]:
    return _facts(sheet) | {
        "published": projection.published,
        "updated": projection.updated,
        "sections": [_section(part) for part in _parts(projection, cuts)],
        "offers": [_offer_facts(offer) for offer in sheet.offers] if cuts else [],
        "unlock": sheet.unlock,
    }


def _refusal(facts: dict[str, object]) -> dict[str, object]:
    return problem_details(Unpaid(), HTTPStatus.PAYMENT_REQUIRED) | {
        "offers": facts["offers"],
        "unlock": facts["unlock"],
    }


def _section(part: FreePiece | Cut) -> dict[str, object]:
    if isinstance(part, Cut):
        return {"kind": "paid", "size_at_least": part.size_at_least}
    return {"kind": "free", "html": part.html, "text": part.text}


def _offer_facts(offer: Offer) -> dict[str, str]:
    return {"name": offer.name, "price": offer.price, "url": offer.url}


def _full_facts(sheet: _Sheet) -> dict[str, object]:
    return _facts(sheet) | {
        "html": sheet.rendering.html,
        "text": sheet.rendering.text,
        "markdown": sheet.rendering.markdown,
    }


def _json(facts: dict[str, object]) -> bytes:
    return (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode()
