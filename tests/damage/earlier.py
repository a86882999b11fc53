"""Stored texts as the version before wrote them."""

from __future__ import annotations

from msgspec.json import encode

from gateway.core.bundles import Bundle
from gateway.ports import Sealed


def bundle_3(bundle: Bundle) -> bytes:
    """Return a bundle without checks: magic, lengths, index, edition and entry, bodies."""
    lines, bodies, at = [b"\n"], [], 0
    for name, form in bundle.forms.items():
        for coding, body in form.bodies.items():
            etag = form.variant(coding).etag.decode()
            told = (name, coding, form.media_type, etag, str(at), str(at + len(body)))
            lines.append("\t".join(told).encode() + b"\n")
            bodies.append(body)
            at += len(body)
    head = b"".join([*lines, encode({"edition": bundle.edition, "entry": bundle.entry})])
    end = len(b"paidgate-bundle-3\n") + 16 + len(head)
    lengths = end.to_bytes(8, "big") + (end + at).to_bytes(8, "big")
    return b"".join([b"paidgate-bundle-3\n", lengths, head, *bodies])


def sealed_2(sealed: Sealed) -> bytes:
    """Return an edition without a check of its source."""
    parts = (bundle_3(sealed.full), bundle_3(sealed.public), sealed.source)
    lengths = (len(part).to_bytes(8, "big") for part in parts)
    return b"".join([b"paidgate-sealed-2\n", *lengths, *parts])
