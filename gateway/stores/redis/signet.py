"""The mark that workers put on what they leave at a server which others may write to as well.

Its key follows from the root secret, and has nothing to do with the keys that sign tokens: those
come and go, and what is marked stays good.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b

SIZE = 16  # bytes


class Signet:
    """Marks what is left with others, and knows it again."""

    def __init__(self, root: bytes) -> None:
        self._key = hmac.digest(root, b"paidgate mark on what lies elsewhere", "sha256")

    def mark(self, purpose: str, *said: str | bytes) -> str:
        """Return the mark on what is said for a purpose."""
        marked = blake2b(purpose.encode(), key=self._key, digest_size=SIZE)
        for each in said:
            part = each if isinstance(each, bytes) else each.encode()
            marked.update(b"%d:%b" % (len(part), part))
        return marked.hexdigest()

    def knows(self, mark: str | bytes, purpose: str, *said: str | bytes) -> bool:
        """Return whether a mark is ours, on just this."""
        given = mark if isinstance(mark, bytes) else mark.encode()
        return hmac.compare_digest(given, self.mark(purpose, *said).encode())
