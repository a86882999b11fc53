"""What the use cases need of the world, a file for each port."""

from __future__ import annotations

from gateway.ports.audit import Audit
from gateway.ports.clock import Clock
from gateway.ports.coherence import RIGHTS, Coherence, Known, Shape
from gateway.ports.failed_attempts import FailedAttempts
from gateway.ports.ledger import (
    ANY_GRANT,
    ERA,
    Anchors,
    Answer,
    AuthorityRecord,
    Device,
    Edition,
    Ledger,
    Look,
    Outgoing,
    Reader,
    Rolls,
    Wanted,
)
from gateway.ports.public_store import PublicStore, Seal, cursor
from gateway.ports.search_index import SearchIndex
from gateway.ports.store_name import StoreName
from gateway.ports.texts import Decoded, Format, Formats, Press, Source
from gateway.ports.vault import Health, Sealed, Vault

__all__ = [
    "ANY_GRANT",
    "ERA",
    "RIGHTS",
    "Anchors",
    "Answer",
    "Audit",
    "AuthorityRecord",
    "Clock",
    "Coherence",
    "Decoded",
    "Device",
    "Edition",
    "FailedAttempts",
    "Format",
    "Formats",
    "Health",
    "Known",
    "Ledger",
    "Look",
    "Outgoing",
    "Press",
    "PublicStore",
    "Reader",
    "Rolls",
    "Seal",
    "Sealed",
    "SearchIndex",
    "Shape",
    "Source",
    "StoreName",
    "Vault",
    "Wanted",
    "cursor",
]
