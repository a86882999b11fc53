"""Secrets as files: made once, readable by their owner only."""

from __future__ import annotations

import secrets
from pathlib import Path

from gateway.stores.durable import write_private

SIZE = 32  # bytes of chance


def kept_secret(path: Path) -> bytes:
    """Return the secret kept at path, made at the first call. Raises OSError."""
    if not path.exists():
        write_private(path, secrets.token_hex(SIZE).encode(), replace=False)
    return path.read_bytes()
