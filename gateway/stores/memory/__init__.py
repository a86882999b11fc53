"""Stores in memory: verified fakes, for tests. They keep the same promises and are never shared."""

from __future__ import annotations

from gateway.stores.memory.anchors import MemoryAnchors
from gateway.stores.memory.audit import MemoryAudit
from gateway.stores.memory.ledger import MemoryLedger
from gateway.stores.memory.public_store import MemoryPublicStore
from gateway.stores.memory.search_index import MemorySearchIndex
from gateway.stores.memory.vault import MemoryVault

__all__ = [
    "MemoryAnchors",
    "MemoryAudit",
    "MemoryLedger",
    "MemoryPublicStore",
    "MemorySearchIndex",
    "MemoryVault",
]
