"""Making companions and marks, anywhere: what decodes pictures is imported when one comes."""

from __future__ import annotations

from gateway.core.companions import PICTURES
from gateway.core.profiles import Mark
from gateway.ports import MadeCompanion
from gateway.rendering.attachments import make_attachment


def make(name: str, body: bytes, kind: str = PICTURES) -> MadeCompanion:
    """Make a picture or an attachment. Raises Unsupported, TooLarge, Refused."""
    if kind != PICTURES:
        return make_attachment(name, body)
    # Only here: it takes time and memory to import, and few processes ever need it.
    from gateway.rendering.pictures import make_picture

    return make_picture(name, body)


def mark_of(body: bytes) -> Mark:
    """Make the mark of a publisher. Raises Unsupported, Refused."""
    from gateway.rendering.pictures import make_mark

    return make_mark(body)
