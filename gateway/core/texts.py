"""Free text and paid text: two types, so that none is taken for the other."""

from __future__ import annotations

from typing import NewType

FreeText = NewType("FreeText", str)


class PaidText:
    """Text that only a permit may show: it has no useful str() or repr() to slip out by."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; call it only where it goes to the vault or to a holder's answer."""
        return self._text

    def __repr__(self) -> str:
        return "PaidText(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PaidText) and self._text == other._text

    def __hash__(self) -> int:
        return hash((PaidText, self._text))
