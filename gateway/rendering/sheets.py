"""Sheets: what every form of one text says about it."""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.core.documents import Address, Meta, Offer, Rendering
from gateway.core.groups import AUTHORS, COLLECTIONS, TAGS, Group, group_name
from gateway.core.profiles import UNSAID, Profile
from gateway.core.timestamps import day_of
from gateway.rendering.lengths import minutes
from gateway.rendering.listings import FEED, path_of
from gateway.rendering.pages import interface
from gateway.rendering.representations import CARD

UNLOCK = "/unlock"  # the page where a token is typed or a link leads

SHOWN_OUTLINE = 5  # lines on the panel
LONG = 20_000  # characters
RTL = frozenset(("ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"))

_MARKS = re.compile(r"([\\`*_\[\]<>#|~])")
_LINK = re.compile(r"(?:https?://|mailto:|/(?!/))[^\s\\]+", re.IGNORECASE)


class Tag(NamedTuple):
    """A tag as it was declared, and the address of its page."""

    text: str
    path: str


class Sheet:
    """What every form of one text says about it."""

    def __init__(
        self,
        address: Address,
        meta: Meta,
        rendering: Rendering,
        base: str,
        profile: Profile = UNSAID,
    ) -> None:
        self.address = address
        self.rendering = rendering
        self.title = one_line(meta.title)
        self.language = meta.language
        self.interface = interface(self.language)
        self.author = one_line(meta.author)
        self.date = meta.date and day_of(meta.date)
        self.published = meta.date and meta.date.isoformat()
        self.summary = one_line(meta.summary)
        self.collection = meta.collection
        self.licence = meta.licence
        self.origin = base
        self.publisher = address.publisher
        self.profile = profile.told
        self.by = profile.name or address.publisher
        self.home = f"{base}/documents/{address.publisher}"
        self.original = f"{self.home}/{meta.translation_of}" if meta.translation_of else ""
        self.path = f"/documents/{address}"
        self.url = base + self.path
        self.card = f"{self.url}/{CARD}"
        self.feed = f"{self.home}/{FEED}"
        self.unlock = base + UNLOCK
        self.outline = [one_line(line) for line in meta.outline[:SHOWN_OUTLINE]]
        self.author_page = self._group(AUTHORS, self.author)
        """The address of the page of its author, "" where none can be."""
        self.kin = self._group(COLLECTIONS, self.collection) or f"/documents/{self.publisher}"
        """The address of the list that it is in: of its collection, or else of its publisher."""
        tags = (Tag(tag, self._group(TAGS, tag)) for tag in map(one_line, meta.tags))
        self.tags = [tag for tag in tags if tag.path]
        self.offers = [_offer(offer) for offer in meta.offers]

    def _group(self, kind: str, text: str) -> str:
        """Return the address of the group that a text names, "" for none."""
        name = text if kind == COLLECTIONS else group_name(text)
        return path_of(self.publisher, Group(kind, name)) if name else ""

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
    return Offer(one_line(offer.name), one_line(offer.price), url, one_line(offer.note))


def one_line(text: str) -> str:
    """Return a text on one line, with single blanks."""
    return " ".join(text.split())
