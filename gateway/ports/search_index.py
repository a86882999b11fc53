"""Where the free text of what is published can be searched.

It holds nothing that the public bundles do not, and can be made anew from them at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder
from xxhash import xxh64_intdigest

from gateway.core.bundles import IDENTITY, Bundle, Entry
from gateway.core.documents import Address
from gateway.core.search_terms import LONGEST_TEXT, SearchQuery, terms_of

MOST_HITS = 1_000  # of a query; there may be more

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_TIE = 24  # bits


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index holds of a document. text: what its page shows, on one line."""

    edition: str
    entry: Entry
    text: str

    @classmethod
    def of(cls, bundle: Bundle | None) -> Indexed | None:
        """Return what to index of what is public, None of what is in no list."""
        if bundle is None or bundle.entry is None:
            return None
        free = " ".join(piece.text for piece in _pieces(bundle) if piece.kind == "free")
        text = " ".join(free.replace("\0", " ").split())
        return cls(bundle.edition, bundle.entry, text[:LONGEST_TEXT])

    @property
    def terms(self) -> frozenset[str]:
        """What it is found by."""
        entry = self.entry
        told = f"{entry.author} {self.text}"
        return terms_of(entry.address.publisher, entry.collection, entry.title, told)

    @property
    def place(self) -> int:
        """Its place in the order of hits: later is higher, and two of one second differ by name.

        Where even so two have one place, whichever comes second takes the next that is free.
        """
        published = datetime.fromisoformat(self.entry.published)
        seconds = int((published - _BEGINNING).total_seconds())
        return seconds << _TIE | xxh64_intdigest(str(self.entry.address).encode()) >> (64 - _TIE)


class _Piece(Struct):
    kind: str
    text: str = ""


class _Shown(Struct):
    """What is read of the JSON that everyone may have."""

    sections: list[_Piece] = []


_SHOWN = Decoder(_Shown)


def _pieces(bundle: Bundle) -> list[_Piece]:
    form = bundle.forms.get("json")
    try:
        return _SHOWN.decode(form.bodies[IDENTITY]).sections if form else []
    except MsgspecError:  # not of a gateway that knows of sections: found by its entry alone
        return []


class IndexChange(NamedTuple):
    """What a document shows from now on, None for nothing; and the mark that it had."""

    address: Address
    bundle: Bundle | None
    since: str


class Hit(NamedTuple):
    """A document that was found."""

    entry: Entry
    text: str


class Hits(NamedTuple):
    """Some of the hits of a query: title hits first, then newest first.

    total: how many there are, MOST_HITS where there are as many or more.
    """

    total: int
    found: Sequence[Hit]


class SearchIndex(Protocol):
    """Documents by the words of their free text. All but close may raise Unavailable."""

    async def mark(self, address: Address) -> str:
        """Return what tells what is held of a document from what was and will be."""

    async def put(self, changes: Sequence[IndexChange]) -> None:
        """Make some changes, all or none, durably. Raises Stale where a mark is another."""

    async def find(self, query: SearchQuery, first: int, limit: int) -> Hits:
        """Return hits from a number on (0 is the first). Raises NotSearchable until it is whole."""

    async def editions(self, after: Address | None, limit: int) -> Mapping[Address, str]:
        """Return which editions are held, by address, after one."""

    async def unfinished(self) -> str:
        """Return a name for the index if it is being made, "" if it is whole."""

    async def finish(self, name: str) -> None:
        """Take up that the index of this name holds all that is published."""

    async def empty(self) -> None:
        """Begin the index anew."""

    async def scrub(self) -> None:
        """See to it that what was taken out is in no file of the index."""

    async def close(self) -> None:
        """Let go of what is open."""
