"""Making companions, in whatever process: what decodes pictures is imported when one comes."""

from __future__ import annotations

from gateway.core.companions import PICTURES
from gateway.ports import MadeCompanion
from gateway.rendering.attachments import make_attachment


def make(name: str, body: bytes, kind: str = PICTURES) -> MadeCompanion:
    """Make a picture or an attachment. Raises Unsupported, TooLarge, Refused."""
    if kind != PICTURES:
        return make_attachment(name, body)
    # Only here: it takes time and memory to import, and few processes ever need it.
    from gateway.rendering.pictures import make_picture

    return make_picture(name, body)
