"""What the fields of requests may be, and what each says of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from gateway.core.documents import NAME
from gateway.core.terms import MAX_WORDS, TERM, WORDS
from gateway.usecases.granting import MAX_DEVICES

SCOPE = f"all|(?:document|collection):{NAME}"


def text(pattern: str, longest: int, description: str, *examples: str) -> Meta:
    """Return what a text must match and how long it may be."""
    return Meta(
        pattern=f"^(?:{pattern})$",
        max_length=longest,
        description=description,
        examples=list(examples),
    )


def number(most: int, description: str, example: int) -> Meta:
    """Return a bound for a number from 1 up."""
    return Meta(ge=1, le=most, description=description, examples=[example])


def limited(pattern: str, longest: int, description: str, example: str) -> Meta:
    """Return the same as `text`, with the limit in its description."""
    return text(pattern, longest, f"{description} At most {longest} characters.", example)


def formatted(kind: str, longest: int, description: str, example: str) -> Meta:
    """Return what a text of a named format may be."""
    return Meta(
        max_length=longest,
        description=description,
        examples=[example],
        extra_json_schema={"format": kind},
    )


def words(description: str, *examples: str) -> Meta:
    """Return what a few words on one line may be."""
    more = f" At most {MAX_WORDS} characters on one line."
    return text(WORDS, MAX_WORDS, description + more, *examples)


# Coming in, a time may be in Unix seconds as well.
When = Annotated[
    Annotated[datetime, Meta(tz=True)] | Annotated[int, Meta(ge=0, le=1 << 40)] | None,
    Meta(
        description="A moment by RFC 3339 or in Unix seconds, within ten years from now.",
        examples=["2031-01-01T00:00:00Z"],
    ),
]
ScopeText = Annotated[
    str, text(SCOPE, 91, "document:<slug>, collection:<name> or all.", "document:a-first-text")
]
Term = Annotated[
    str,
    text(
        f"{TERM}|",
        12,
        "A number and s, m, h, d, w or y, ten years at most; without end when empty.",
        "30d",
    ),
]
Places = Annotated[int, number(MAX_DEVICES, "In how many browsers it opens: 1 to 1000.", 3)]
Note = Annotated[str, words("A word to yourself.", "spring sale")]
