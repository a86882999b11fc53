"""Checks: what tells a stored thing from another one, and from itself with a bit changed.

They hold against disks, copies and slips of hands; whoever means to deceive can compute them too.
"""

from __future__ import annotations

from xxhash import xxh64_hexdigest, xxh64_intdigest

SIZE = 16  # letters of a check, hexadecimal digits


def check(of: str, *parts: bytes | bytearray) -> bytes:
    """Return the check of a thing in parts that is of something: an address, an edition."""
    *before, last = parts
    # What comes before is the seed of the last, so that nothing large is copied to be joined. Not
    # XXH3, which wakes wide registers: that takes longer than to hash a page.
    seed = xxh64_intdigest(b"\n".join((of.encode(), *before)))
    return xxh64_hexdigest(last, seed).encode()
