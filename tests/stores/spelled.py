"""Does a word stand in a file, as it is or as the search index spells it?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.core.search_terms import query_of

ENDING = 4  # letters of a term; FTS5 leaves out what a term has in common with the one before


def endings(words: str) -> list[str]:
    """Return how the terms of some words end."""
    return sorted(term[-ENDING:] for term in query_of(words).terms)


def in_files(folder: Path, words: Iterable[str]) -> list[str]:
    """Return which words stand in any file below a folder."""
    blobs = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return [word for word in words if any(word.encode() in blob for blob in blobs)]
