"""Keys of what workers remember: in their memory, in the log of changes, in the cache."""

from __future__ import annotations

from gateway.core.documents import Address

SIGNING_KEYS = "keys"


def document_key(address: Address) -> str:
    """Return the key of a document's current edition."""
    return f"document:{address.publisher}/{address.slug}"


def grant_key(grant: str) -> str:
    """Return the key of the rights of whoever bears a grant's token."""
    return f"grant:{grant}"


def api_key_key(key: str) -> str:
    """Return the key of an API key, which nobody remembers: it is told all the same."""
    return f"api-key:{key}"


def reader_key(reader: str) -> str:
    """Return the key of a reader's rights."""
    return f"reader:{reader}"
