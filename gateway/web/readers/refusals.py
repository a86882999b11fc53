"""Refusals of a full text that say why: a right that ended or was taken back is not none at all.

What is stored of a document is the refusal of somebody who never had a right. Another one differs
from it in its notice alone.
"""

from __future__ import annotations

import json
import re

from gateway.core.bundles import IDENTITY, Variant
from gateway.core.errors import Revoked, Unpaid
from gateway.core.timestamps import timestamp
from gateway.rendering.pages import Pages, day_in_words, interface
from gateway.rendering.representations import PAGE

_NOTICE = re.compile(
    rb'<div class="[^"]*" id="refusal" role="status" lang="([^"]*)">.*?</div>', re.S
)


class Refusals:
    """Says why in a stored refusal."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def told(self, refusal: Variant, form: str, error: Unpaid | Revoked) -> Variant:
        """Return a refusal in a form with the reason in it."""
        ended = error.ended if isinstance(error, Unpaid) else None
        if form == PAGE.name and (ended is not None or isinstance(error, Revoked)):
            body = _NOTICE.sub(lambda found: self._notice(found, ended), refusal.body, count=1)
        elif form == "json" and ended is not None:
            facts = json.loads(refusal.body) | {"ended": timestamp(ended)}
            body = (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode()
        else:
            return refusal
        return Variant(refusal.media_type, b"", IDENTITY, body)

    def _notice(self, stored: re.Match[bytes], ended: int | None) -> bytes:
        language = interface(stored[1].decode())
        if ended is None:
            return self._pages.render("notice.html", language, kind="revoked", day="")
        day = day_in_words(timestamp(ended), language)
        return self._pages.render("notice.html", language, kind="ended", day=day)
