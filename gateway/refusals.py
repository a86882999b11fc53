"""Refusals in words, for whoever sits at the command line."""

from __future__ import annotations

from pathlib import Path

from gateway.core.errors import GatewayError, Refused


def lines(path: Path, error: Exception) -> list[str]:
    """Return why a file was refused, as compilers print it."""
    if isinstance(error, Refused):
        return [f"{path}:{f.line}:{f.column or 1}: {f.code}: {f.message}" for f in error.findings]
    return [f"{path}:1:1: error: {words(error)}"]


def words(error: Exception) -> str:
    """Return what an error says, if it cannot quote a document."""
    if isinstance(error, GatewayError):
        return f"{error.message} {error.hint}".rstrip()
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}." if error.filename else str(error)
    # What others say may quote the document.
    return f"{type(error).__name__} while it was set."
