"""Refusals in words, for whoever sits at the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateway.core.errors import GatewayError, Refused
from gateway.core.findings import Finding, FindingCode


def lines(path: Path, error: Exception) -> list[str]:
    """Return why a file was refused, as compilers print it."""
    if isinstance(error, Refused):
        return [_line(path, each, str(each.code)) for each in error.findings]
    return [f"{path}:1:1: error: {words(error)}"]


def warned(path: Path, warnings: Sequence[Finding]) -> list[str]:
    """Return what refuses no file and was perhaps not meant, as compilers print it."""
    return [_line(path, each, f"warning: {each.code}") for each in warnings]


def _line(path: Path, found: Finding, what: str) -> str:
    words = f" ({found.words})" if found.words else ""
    told = f"{found.message}{words} {found.hint}".rstrip()
    return f"{path}:{found.line}:{found.column or 1}: {what}: {told}"


def skipped(path: Path) -> str:
    """Return that a draft in a folder is left alone."""
    return f"{path}: skipped: a draft"


def is_draft(error: Exception) -> bool:
    """Return whether a file was refused for nothing but that it is a draft."""
    return isinstance(error, Refused) and {f.code for f in error.findings} == {FindingCode.DRAFT}


def words(error: Exception) -> str:
    """Return what an error says, if it cannot quote a document."""
    if isinstance(error, GatewayError):
        return f"{error.message} {error.hint}".rstrip()
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}." if error.filename else str(error)
    # What others say may quote the document.
    return f"{type(error).__name__} while it was set."
