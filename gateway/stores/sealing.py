"""All that is kept of one edition, in one blob, so that one write makes an edition whole."""

from __future__ import annotations

from gateway.core.bundles import Damaged
from gateway.ports import Sealed

SUFFIX = ".sealed"

_MAGIC = b"paidgate-sealed-2\n"
_LENGTH = 8
_PARTS = ("full", "public", "source")  # what is asked for most stands first

HEAD = len(_MAGIC) + _LENGTH * len(_PARTS)


def pack(sealed: Sealed) -> bytes:
    """Return magic, the length of each part, and the parts."""
    parts = (sealed.full.pack(), sealed.public.pack(), sealed.source)
    lengths = (len(part).to_bytes(_LENGTH, "big") for part in parts)
    return b"".join([_MAGIC, *lengths, *parts])


def place(head: bytes | bytearray, part: str) -> slice:
    """Return where a part stands in a blob that begins with head. Raises Damaged."""
    if len(head) != HEAD or not head.startswith(_MAGIC):
        raise Damaged("A stored edition is damaged.")
    bounds = range(len(_MAGIC), HEAD, _LENGTH)
    lengths = [int.from_bytes(head[at : at + _LENGTH], "big") for at in bounds]
    index = _PARTS.index(part)
    start = HEAD + sum(lengths[:index])
    return slice(start, start + lengths[index])


def whole(blob: bytes, at: slice) -> bytes:
    """Return what was read of a part, if it is all of it. Raises Damaged."""
    if len(blob) != at.stop - at.start:
        raise Damaged("A stored edition is damaged.")
    return blob
