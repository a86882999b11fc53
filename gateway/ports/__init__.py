"""What the use cases need of the world, a file for each port."""

from __future__ import annotations

from gateway.ports.anchors import Anchors
from gateway.ports.answers import Answer, AnswerRecords
from gateway.ports.audit import Audit
from gateway.ports.clock import Clock
from gateway.ports.codes import CodeRecords
from gateway.ports.coherence import RIGHTS, Coherence, Known, Shape
from gateway.ports.documents import DocumentRecords, Edition
from gateway.ports.failed_attempts import FailedAttempts
from gateway.ports.grants import ANY_GRANT, Device, GrantRecords, Wanted
from gateway.ports.keys import KeyRecords
from gateway.ports.ledger import Ledger
from gateway.ports.outbox import AuthorityRecord, Outbox, Outgoing
from gateway.ports.profiles import ProfileRecords, Unshown
from gateway.ports.public_store import IsDue, PublicStore, Seal, Update, cursor, position
from gateway.ports.readers import Reader, ReaderRecords
from gateway.ports.rolls import ERA, Look, Rolls
from gateway.ports.search_index import SearchIndex
from gateway.ports.shelf import MadeCompanion, Shelf
from gateway.ports.store_name import StoreName
from gateway.ports.texts import Decoded, Format, Formats, Press, Source
from gateway.ports.vault import Health, Sealed, Vault

__all__ = [
    "ANY_GRANT",
    "ERA",
    "RIGHTS",
    "Anchors",
    "Answer",
    "AnswerRecords",
    "Audit",
    "AuthorityRecord",
    "Clock",
    "CodeRecords",
    "Coherence",
    "Decoded",
    "Device",
    "DocumentRecords",
    "Edition",
    "FailedAttempts",
    "Format",
    "Formats",
    "GrantRecords",
    "Health",
    "IsDue",
    "KeyRecords",
    "Known",
    "Ledger",
    "Look",
    "MadeCompanion",
    "Outbox",
    "Outgoing",
    "Press",
    "ProfileRecords",
    "PublicStore",
    "Reader",
    "ReaderRecords",
    "Rolls",
    "Seal",
    "Sealed",
    "SearchIndex",
    "Shape",
    "Shelf",
    "Source",
    "StoreName",
    "Unshown",
    "Update",
    "Vault",
    "Wanted",
    "cursor",
    "position",
]
