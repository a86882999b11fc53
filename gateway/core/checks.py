"""Checks: what tells a stored thing from another one, and from itself with a bit changed.

They hold against disks, copies and slips of hands; whoever means to deceive can compute them too.
"""

from __future__ import annotations

from xxhash import xxh3_64_intdigest, xxh3_128_digest

SIZE = 16  # bytes of a check


def check(of: str, *parts: bytes | bytearray) -> bytes:
    """Return the check of a thing in parts that is of something: an address, an edition."""
    # What comes before is the seed of what follows, so that nothing large is copied to be joined.
    seed = xxh3_64_intdigest(of.encode())
    *before, last = parts
    for part in before:
        seed = xxh3_64_intdigest(part, seed)
    return xxh3_128_digest(last, seed)
