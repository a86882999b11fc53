"""How the documents of a publisher are grouped: by collection, by author, by tag.

All of it is declared, so a list of a group is a function of declared metadata alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from gateway.core.bundles import Entry

COLLECTIONS, AUTHORS, TAGS = KINDS = "collections", "authors", "tags"  # as addresses name them


class Group(NamedTuple):
    """One group of a publisher's documents."""

    kind: str
    name: str


def groups_of(entry: Entry) -> Iterator[Group]:
    """Yield the groups that a document is in, each once."""
    if entry.collection:
        yield Group(COLLECTIONS, entry.collection)
    if entry.tags is None:  # of an entry that was made before there were others
        return
    for kind, texts in ((AUTHORS, [entry.author]), (TAGS, entry.tags)):
        for name in dict.fromkeys(map(group_name, texts)):
            if name:
                yield Group(kind, name)


def group_name(text: str) -> str:
    """Return what an author or a tag is called in addresses, "" where nothing is left of it.

    It differs only in what people do not mean: capitals, width, blanks and punctuation. Letters of
    every script stay, for spelled in Latin ones 权利 and 权力 would be one.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    kept = "".join(each if _is_kept(each) else " " for each in plain)
    return "-".join(kept.split())


def _is_kept(character: str) -> bool:
    return character in "+#" or unicodedata.category(character)[0] in "LMN"
