"""Stored forms by their version: read in this one and in the one before, written in this one.

What is of the version before has no checks; what can tell it from another's is looked at.
"""

from __future__ import annotations

import re
from hashlib import sha256

from msgspec import Struct
from msgspec.json import Decoder

from gateway.core.bundles import IDENTITY, Bundle, Damaged, Entry, Representation
from gateway.core.documents import Address
from gateway.stores import sealing

_BUNDLE_3 = b"paidgate-bundle-3\n"
_HEAD_3 = len(_BUNDLE_3) + 16
_SEALED_2 = b"paidgate-sealed-2\n"
_HEAD_2 = len(_SEALED_2) + 8 * len(sealing.PARTS)

_DAMAGED = "A stored bundle of an earlier version is damaged."


def is_earlier(beginning: bytes) -> bool:
    """Return whether what begins so is of the version before."""
    return beginning.startswith((_BUNDLE_3, _SEALED_2))


def of_public(address: Address) -> str:
    """Return what the bundle of a public store says that it is of."""
    return f"public {address.publisher}/{address.slug}"


def public_bundle(blob: bytes, address: Address) -> Bundle:
    """Return the bundle of a public store. Raises Damaged."""
    return _bundle(blob, of_public(address), address, "")


def part_at(head: bytes, part: str) -> slice:
    """Return where a part stands in a sealed blob that begins with head. Raises Damaged."""
    if head.startswith(_SEALED_2) and len(head) >= _HEAD_2:
        return sealing.placed(head, part, _HEAD_2)
    return sealing.place(head, part)


def part_bundle(blob: bytes, part: str, address: Address, edition: str) -> Bundle:
    """Return the bundle that is a part of a sealed edition. Raises Damaged."""
    return _bundle(blob, sealing.of(part, address, edition), address, edition)


def part_source(blob: bytes, head: bytes, address: Address, edition: str) -> bytes:
    """Return the source that is a part of a sealed edition. Raises Damaged."""
    if not head.startswith(_SEALED_2):
        return sealing.source_in(blob, head, address, edition)
    at = sealing.placed(head, "source", _HEAD_2)
    if len(blob) != at.stop - at.start:
        raise Damaged(_DAMAGED)
    return blob


def _bundle(blob: bytes, of: str, address: Address, edition: str) -> Bundle:
    if not blob.startswith(_BUNDLE_3):
        return Bundle.unpack(blob, of)
    bundle = _unpack_3(blob)
    if edition not in ("", bundle.edition) or (bundle.entry and bundle.entry.address != address):
        raise Damaged(_DAMAGED)
    return bundle


# --- version 3 of bundles: magic, where bodies begin and end, index, listed, bodies ---------------


class _Listed(Struct):
    edition: str
    entry: Entry | None


_LISTED = Decoder(_Listed)
_LINE = re.compile(r"(\S+)\t(\S+)\t([ -~]*)\t([ -~]*)\t([0-9]{1,15})\t([0-9]{1,15})")


def _unpack_3(blob: bytes) -> Bundle:
    end, size = (int.from_bytes(blob[at : at + 8], "big") for at in (_HEAD_3 - 16, _HEAD_3 - 8))
    if size != len(blob) or not _HEAD_3 <= end <= size:
        raise Damaged(_DAMAGED)
    lines, _, told = blob[_HEAD_3:end].rpartition(b"\n")
    kinds, bodies, at = {}, dict[str, dict[str, bytes]](), end
    try:
        for line in lines.decode().split("\n")[1:]:
            name, coding, media_type, etag, start, stop = _LINE.fullmatch(line).groups()  # type: ignore[union-attr]
            if end + int(start) != at:
                raise Damaged(_DAMAGED)
            at = end + int(stop)
            bodies.setdefault(name, {})[coding] = blob[end + int(start) : at]
            if coding == IDENTITY:
                kinds[name] = media_type, etag
        forms = {name: Representation(*kinds[name], bodies[name]) for name in bodies}
        listed = _LISTED.decode(told)
    except (AttributeError, KeyError, ValueError) as error:
        raise Damaged(_DAMAGED) from error
    if at != size or not all(map(_is_tagged, forms.values())):
        raise Damaged(_DAMAGED)
    return Bundle(listed.edition, forms, listed.entry)


def _is_tagged(form: Representation) -> bool:
    """Return whether the ETag of a form, if it has one, is that of its bytes."""
    tag = f'"{sha256(form.bodies[IDENTITY]).hexdigest()[:32]}"'
    return form.etag in ("", tag)
