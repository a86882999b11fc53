"""Every kind of thing that is stored, for whatever has to hold for all of them."""

from __future__ import annotations

from typing import NamedTuple


class Stored(NamedTuple):
    """One kind of stored thing: on which stores it is, and from what it can be made again."""

    name: str
    on: tuple[str, ...]
    mended_from: str = ""  # "": a backup alone


FILES, BUCKET, SQLITE, DATA = "files", "S3", "SQLite", "data folder"

STORED = (
    Stored("preview", (FILES, BUCKET), "the vault"),
    Stored("full text", (FILES, BUCKET), "its source"),
    Stored("preview in the vault", (FILES, BUCKET), "its source"),
    Stored("source", (FILES, BUCKET), "whoever sends it again"),
    Stored("companion", (FILES, BUCKET), "whoever sends it again"),
    Stored("profile", (FILES, BUCKET), "the ledger"),
    Stored("catalogue", (FILES, BUCKET), "the previews"),
    Stored("ledger", (SQLITE,)),
    Stored("secret", (DATA,)),
    Stored("audit", (DATA,)),
    Stored("welcome", (DATA,), "a new start"),
)
