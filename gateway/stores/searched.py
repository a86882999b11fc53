"""What search indexes share: how a document is written down, and the order of hits."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.json import Decoder, encode

from gateway.core.bundles import Entry
from gateway.ports.search_index import MOST_HITS

_ENTRY = Decoder(Entry)


def told(entry: Entry) -> str:
    """Return an entry as it is kept."""
    return encode(entry).decode()


def entry(kept: str | bytes) -> Entry:
    """Return an entry that was kept. Raises ValueError."""
    return _ENTRY.decode(kept)


def order(by_title: Sequence[int], by_text: Sequence[int]) -> list[int]:
    """Return the places of hits, those of titles first; both are the highest, from the top."""
    in_title = set(by_title)
    return [*by_title, *(place for place in by_text if place not in in_title)][:MOST_HITS]
