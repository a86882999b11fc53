"""All that is kept of one edition, in one blob, so that one write makes an edition whole.

Each part is checked by itself, so that reading one costs nothing for the others.
"""

from __future__ import annotations

from gateway.core.bundles import Damaged
from gateway.core.checks import SIZE, check
from gateway.core.documents import Address
from gateway.ports import Sealed

SUFFIX = ".sealed"

# No bit alone leads from the number of a version to that of one without checks.
MAGIC = b"paidgate-sealed-4\n"
_LENGTH = 8
PARTS = ("full", "public", "source")  # what is asked for most stands first

_CHECK = len(MAGIC) + _LENGTH * len(PARTS)
HEAD = _CHECK + SIZE


def of(part: str, address: Address, edition: str) -> str:
    """Return what a part of an edition says that it is of."""
    return f"{part} {address} {edition}"


def pack(sealed: Sealed, address: Address, edition: str) -> bytes:
    """Return magic, the length of each part, the check of the source, and the parts."""
    full = sealed.full.pack(of("full", address, edition))
    public = sealed.public.pack(of("public", address, edition))
    lengths = (len(part).to_bytes(_LENGTH, "big") for part in (full, public, sealed.source))
    checked = check(of("source", address, edition), sealed.source)
    return b"".join([MAGIC, *lengths, checked, full, public, sealed.source])


def place(head: bytes | bytearray, part: str) -> slice:
    """Return where a part stands in a blob that begins with head. Raises Damaged."""
    if len(head) < HEAD or not head.startswith(MAGIC):
        raise Damaged("A stored edition is damaged.")
    return placed(head, part, HEAD)


def placed(head: bytes | bytearray, part: str, start: int) -> slice:
    """Return where a part stands, by its lengths, in a blob whose parts begin at start."""
    bounds = range(len(MAGIC), _CHECK, _LENGTH)
    lengths = [int.from_bytes(head[at : at + _LENGTH], "big") for at in bounds]
    index = PARTS.index(part)
    start += sum(lengths[:index])
    return slice(start, start + lengths[index])


def source_in(blob: bytes, head: bytes, address: Address, edition: str) -> bytes:
    """Return what was read of a source, if it is all of it. Raises Damaged."""
    if check(of("source", address, edition), blob) != head[_CHECK:HEAD]:
        raise Damaged("A stored source is damaged.")
    return blob
