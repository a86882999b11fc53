"""Preconditions of a change: If-Match and If-None-Match as HTTP knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.core.errors import Stale

Names = frozenset[str] | Literal["*"] | None


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of the current edition. None: nothing asked; "*": any; else its id."""

    match: Names = None
    none_match: Names = None

    @property
    def asked(self) -> bool:
        return self.match is not None or self.none_match is not None

    def require(self, current: str | None) -> None:
        """Raise Stale unless the condition holds where current is the id of the edition."""
        wanted = self.match is None or _names(self.match, current)
        unwanted = self.none_match is not None and _names(self.none_match, current)
        if not wanted or unwanted:
            raise Stale(current)


def _names(names: frozenset[str] | Literal["*"], edition: str | None) -> bool:
    return edition is not None and (names == "*" or edition in names)


ANYTHING = Condition()
