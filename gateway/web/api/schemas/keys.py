"""API keys, as they are asked for and told."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.web.api.schemas.fields import When, words


class KeyBody(Struct, forbid_unknown_fields=True):
    """An API key to make. What is left out is as with the key that asks."""

    label: Annotated[str, words("A word to yourself.", "the shop")]
    may: Annotated[
        Annotated[list[Literal["publish", "grant", "read"]], Meta(min_length=1, max_length=3)]
        | None,
        Meta(description="What it may do: publish, grant, read.", examples=[["publish", "read"]]),
    ] = None
    expires: When = None


class Key(Struct, kw_only=True):
    """An API key on record. Its text is nowhere. used: when last, to the minute."""

    id: str
    label: str
    may: list[str]
    expires: str | None
    ended: str | None
    used: str | None
    made: str


class NewKey(Key, kw_only=True):
    """An API key, and its text, which is told this once. confirmed: every worker knows of it."""

    key: str
    confirmed: bool


class KeyList(Struct):
    """The API keys of a publisher, by id."""

    keys: list[Key]
