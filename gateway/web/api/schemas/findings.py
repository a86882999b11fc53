"""What is wrong with a source, as it is told."""

from __future__ import annotations

from msgspec import Struct


class FindingView(Struct, omit_defaults=True):
    """A fault in a source, or what is perhaps not meant, and where.

    words: how its paragraph begins, of a source that shows no lines, such as a Word document.
    """

    code: str
    line: int
    column: int | None
    message: str
    hint: str
    words: str = ""
