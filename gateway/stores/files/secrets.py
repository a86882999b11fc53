"""Secrets as files: made once, readable by their owner only."""

from __future__ import annotations

import secrets
from pathlib import Path

from gateway.core.errors import GatewayError
from gateway.stores.files.durable import write_private

SIZE = 32  # bytes of chance, and the least that a file may hold


class ShortSecret(GatewayError):
    """Raised when a kept secret is no longer what was kept."""

    hint = "Restore it from the backup; without it every token and code is void."

    def __init__(self, path: Path) -> None:
        super().__init__(f"The secret in {path} is shorter than {SIZE} bytes.")


def kept_secret(path: Path) -> bytes:
    """Return the secret kept at path, made at the first call. Raises OSError, ShortSecret."""
    if not path.exists():
        write_private(path, secrets.token_hex(SIZE).encode(), replace=False)
    secret = path.read_bytes()
    # Two gateways whose files were emptied would make the same codes.
    if len(secret) < SIZE:
        raise ShortSecret(path)
    return secret
