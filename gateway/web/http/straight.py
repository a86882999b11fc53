"""Public addresses as people type them, and as they are: in small letters, without a last slash."""

from __future__ import annotations

import re

from gateway.core.documents import NAME
from gateway.rendering.listings import FEED
from gateway.rendering.representations import CARD, OTHERS

_FORMS = "|".join(re.escape(each.suffix) for each in OTHERS)
_IN_DOCUMENT = f"(?:{_FORMS}|/{re.escape(CARD)})?"
_IN_PUBLISHER = f"{re.escape(FEED)}|collections/{NAME}(?:/{re.escape(FEED)})?|{NAME}{_IN_DOCUMENT}"
_PUBLIC = re.compile(
    rf"/(?:{re.escape(FEED)}|sitemap\.xml|robots\.txt|search|documents/{NAME}(?:/(?:{_IN_PUBLISHER}))?)",
    re.ASCII,
)


def straight(path: str) -> str:
    """Return the public address that a path means without being it, "" for none."""
    meant = path.lower().rstrip("/")
    return meant if meant != path and _PUBLIC.fullmatch(meant) else ""
