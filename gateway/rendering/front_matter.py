"""Front matter out: what is said of a text, above it, as YAML that other tools read too."""

from __future__ import annotations

import json
from collections.abc import Mapping

_NAMES = {
    "title": "title",
    "author": "author",
    "published": "date",
    "date": "date",
    "updated": "updated",
    "language": "language",
    "summary": "summary",
    "collection": "collection",
    "tags": "tags",
    "licence": "license",
    "publisher": "publisher",
    "url": "url",
    "offers": "offer",
    "buy": "buy",
}
"""What of the facts stands there, and by which name, as `formats` reads it."""


_ALWAYS = ("title", "author", "date", "language", "url")  # null where nobody knows


def front_matter(facts: Mapping[str, object]) -> bytes:
    """Return facts between fences. JSON is YAML too."""
    known = {name: facts[fact] for fact, name in _NAMES.items() if facts.get(fact)}
    known = dict.fromkeys(_ALWAYS) | known
    lines = [f"{name}: {_quoted(value)}\n" for name, value in known.items()]
    return "".join(["---\n", *lines, "---\n\n"]).encode()


def _quoted(value: object) -> str:
    # What knows of no front matter takes it for Markdown: there must be no markup in it either.
    told = json.dumps(value, ensure_ascii=False)
    return told.replace("<", "\\u003c").replace(">", "\\u003e")
