"""Does a public form tell anything that the page does not show? The checker of P-SHOWN.

It reads the page as a browser's parser does, and every form by its media type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import unescape
from itertools import product
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.bundles import IDENTITY, Bundle, Entry
from gateway.core.documents import SIZE_STEPS, Address, Meta
from gateway.core.prices import price_of
from gateway.formats import FORMATS
from gateway.formats.sources import SourceFormats
from gateway.ports import Format
from gateway.ports.search_index import Indexed
from gateway.rendering.cards import card
from gateway.rendering.pages import LANGUAGES
from gateway.rendering.paging import MAX_PAGES, form_of
from gateway.rendering.representations import CARD, PAGE
from gateway.usecases.composing import Composed, Task, compose, prepare
from gateway.usecases.submissions import Submission
from tests.support.samples import body_of
from tests.support.services import NOW
from tests.web.sheets import PRESS

_WORD = re.compile(r"\w+")
_TARGET = re.compile(r"(?<!\\)\]\(([^()\s]*)\)|<([a-z]+://[^<>\s]*)>")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_ATTRIBUTES = ("title", "alt")  # words that a browser shows when asked


@dataclass(frozen=True, slots=True)
class Told:
    """What something tells: its text, and where it leads."""

    text: str
    targets: frozenset[str] = frozenset()

    @property
    def words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self.text))


def composed(form: Format, source: str) -> Composed:
    """Set a source as publication does."""
    submission = Submission(Address("demo", "d"), body_of(form.name, source), form.name, free=True)
    return compose(Task(submission, "e1", NOW, None), SourceFormats(), PRESS)


def declared(form: Format, source: str) -> Meta:
    """Return what a source declares of itself."""
    submission = Submission(Address("demo", "d"), body_of(form.name, source), form.name, free=True)
    return prepare(submission, SourceFormats(), NOW).document.meta


def untold(bundle: Bundle, meta: Meta) -> list[tuple[str, str]]:
    """Return the words and targets of each public form that the page does not show."""
    names = [name for name in bundle.forms if is_page(name)]
    pages = [shown(bundle.forms[name].bodies[IDENTITY].decode()) for name in names]
    there = "".join(_WORD.findall(" ".join((*(page.text for page in pages), _said(meta)))))
    leads = {each for page in pages for each in page.targets}
    leads |= {offer.url for offer in meta.offers}
    found = []
    for name, told in forms(bundle):
        words = sorted(told.words - constant()[_first(name)])
        found += [(name, word) for word in words if word not in there]
        found += [(name, each) for each in sorted(told.targets - leads)]
    if bundle.forms[CARD].bodies[IDENTITY] != _card(bundle.forms["html"].bodies[IDENTITY].decode()):
        found.append((CARD, "drawn of something else"))
    return found


def _card(page: str) -> bytes:
    """Return the card of what a page shows of its title, its publisher and its day."""
    (article,) = LexborHTMLParser(page).css("article")
    (title,), (time, *_) = article.css("h1"), article.css("time")
    return card(title.text(), "demo", (time.attributes["datetime"] or "")[:10])


def _first(name: str) -> str:
    """Return the form of the first page that is what a form is of another."""
    kind, _, number = name.partition(".")
    return kind if number.isdecimal() else name


def is_page(name: str) -> bool:
    """Return whether a public form is a page of the preview."""
    return name in [form_of(PAGE.name, number) for number in range(1, MAX_PAGES + 1)]


def forms(bundle: Bundle) -> Iterator[tuple[str, Told]]:
    """Yield what each public form tells, and what the catalogue and the page's head do."""
    for name, form in bundle.forms.items():
        read = READERS[form.media_type.partition(";")[0]]
        yield name, read(form.bodies[IDENTITY].decode("utf-8", "replace"))
    yield "head", _head(bundle.forms["html"].bodies[IDENTITY].decode())
    assert bundle.entry
    yield "entry", Told(_entry(bundle.entry))
    yield "search", Told(_searched(bundle))


def shown(page: str) -> Told:
    """Return what a page shows of its article, and where that leads."""
    (article,) = LexborHTMLParser(page).css("article")
    return _element(article)


def _element(root: LexborNode) -> Told:
    for node in root.css("rp"):
        node.decompose()  # no browser shows it
    nodes = root.css("*")
    said = [node.attributes.get(name) or "" for node in nodes for name in _ATTRIBUTES]
    said += [str(number) for node in root.css("ol") for number in _numbers(node)]
    leads = (node.attributes.get(name) for node in nodes for name in ("href", "src"))
    targets = frozenset(unquote(each) for each in leads if each)
    return Told(" ".join((root.text(separator=""), *said)), targets)


def _numbers(ordered: LexborNode) -> range:
    """Return the numbers that a browser puts before the items of a list."""
    start = int(ordered.attributes.get("start") or 1)
    return range(start, start + len(ordered.css("li")))


def _head(page: str) -> Told:
    tree = LexborHTMLParser(page)
    metas = [
        node.attributes.get("content") or "" for node in tree.css("meta[name], meta[property]")
    ]
    (script,) = tree.css('script[type="application/ld+json"]')
    (title,) = tree.css("head title")
    return Told(" ".join((*metas, title.text(), *_strings(json.loads(script.text())))))


def _markdown(text: str) -> Told:
    leads = ("".join(found) for found in _TARGET.findall(text))
    targets = frozenset(unquote(each) for each in leads)
    # Of a link, what it leads to is no word.
    words = _TARGET.sub(lambda m: f"] {m[2] or ''}", text)
    return Told(unescape(_ESCAPE.sub(r"\1", words)), targets)


def _plain(text: str) -> Told:
    return Told(text)


def _json(text: str) -> Told:
    facts = json.loads(text)
    pieces = [each.pop("html") for each in facts.get("sections", ()) if "html" in each]
    told = [_html(piece) for piece in pieces]
    texts = [_plain(each.pop("text")).text for each in facts.get("sections", ()) if "text" in each]
    words = " ".join((*(each.text for each in told), *texts, *_strings(facts)))
    return Told(words, frozenset().union(*(each.targets for each in told)))


def _html(piece: str) -> Told:
    (root,) = LexborHTMLParser(f"<!doctype html><body><main>{piece}</main>").css("main")
    return _element(root)


def _strings(told: object) -> Iterator[str]:
    if isinstance(told, Mapping):
        for name, value in told.items():
            yield str(name)
            yield from _strings(value)
    elif isinstance(told, list):
        for value in told:
            yield from _strings(value)
    else:
        yield str(told)


def _entry(entry: Entry) -> str:
    return " ".join((entry.title, entry.summary, entry.author, entry.language))


def _searched(bundle: Bundle) -> str:
    indexed = Indexed.of(bundle)
    assert indexed
    return indexed.text


def _said(meta: Meta) -> str:
    """Return the declared metadata in every form that they are written in."""
    prices = [price_of(each.price, meta.language) for each in meta.offers]
    offers = " ".join(f"{each.name} {each.price} {each.url}" for each in meta.offers)
    offers += "".join(f" {each.amount} {each.currency} {each.term}" for each in prices if each)
    names = f"{meta.collection} {meta.licence} {meta.translation_of} {' '.join(meta.tags)}"
    dates = [day.isoformat() for day in (meta.date, meta.updated) if day]
    days = " ".join(f"{day} {day}T00:00:00Z" for day in dates)
    languages = f"{meta.language} {meta.language.replace('-', '_')}"
    return f"{meta.title} {languages} {meta.summary} {meta.author} {days} {offers} {names}"


READERS: Mapping[str, Callable[[str], Told]] = {
    "text/html": shown,
    "text/markdown": _markdown,
    "text/plain": _plain,
    "application/json": _json,
    "application/problem+json": _json,
    "image/png": lambda _: Told(""),  # compared with one that is drawn of what the page shows
}
"""Each media type of a public form; one without a reader fails."""


_OFFER = "offer: {name: 0, price: 0 USD, url: /0}\n"
_FIELDS = (
    "author: 0\nsummary: 0\ncollection: 0\nlicence: https://0\ntranslation_of: 0\ntags: 0\n"
    + _OFFER
)


@cache
def constant() -> dict[str, frozenset[str]]:
    """Return the words that a form tells of any document, in either language."""
    paid = "".join(f"##paidbegin##{'0' * max(1, size)}##paidend##" for size in SIZE_STEPS)
    told: dict[str, frozenset[str]] = {}
    for language, text in product(LANGUAGES, ("", paid)):
        source = f"---\nlanguage: {language}\n{_FIELDS}---\n0\n\n0\n\n##pagebreak##\n\n{text}"
        source = source if text else source.replace(_OFFER, "")
        for name, each in forms(composed(FORMATS[0], source).sealed.public):
            first = _first(name)
            told[first] = told.get(first, frozenset()) | each.words
    return told
