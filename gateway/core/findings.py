"""Findings, which refuse a source, and warnings, which do not."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Code(StrEnum):
    UNCLOSED = "unclosed"
    UNOPENED = "unopened"
    NESTED = "nested"
    MISMATCHED = "mismatched"
    SUSPECT = "suspect"
    IN_MARKUP = "in-markup"
    UNDECODABLE = "undecodable"
    NO_TITLE = "no-title"
    TOO_LARGE = "too-large"


class Finding(Struct, frozen=True, order=True, gc=False):
    """A fault in a source. Line and column are 1-based code points; it never quotes the text."""

    line: int
    column: int | None
    code: Code
    message: str
    hint: str
