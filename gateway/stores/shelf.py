"""Public forms in memory, each good only while its file is the very same."""

from __future__ import annotations

import os
from functools import partial
from typing import NamedTuple

from gateway.core.bundles import Bundle, Forms
from gateway.core.documents import Address
from gateway.stores.extents import FormsOnFile, Mark, extent_at
from gateway.stores.recent import Recent


class Kept(NamedTuple):
    """A bundle, or forms that are still on file, and which file that is."""

    path: str
    mark: Mark
    forms: Forms
    bundle: Bundle | None = None


class Shelf:
    """At most `room` bytes, the least recently asked for go first."""

    def __init__(self, room: int) -> None:
        self._recent: Recent[Address, Kept] = Recent(room)

    def good(self, address: Address) -> Kept | None:
        """Return what is kept, if its file is unchanged. One stat. Raises OSError."""
        kept = self._recent.get(address)
        if kept is None:
            return None
        try:
            stat = os.stat(kept.path)  # noqa: PTH116 - a Path would cost as much as the stat
        except FileNotFoundError:
            stat = None
        if stat is None or kept.mark != (stat.st_mtime_ns, stat.st_ino, stat.st_size):
            self._recent.drop(address)
            return None
        return kept

    def keep(self, address: Address, kept: Kept) -> None:
        """Keep a whole bundle in place of what was kept."""
        self._recent.keep(address, kept, kept.mark.size)

    def on_file(self, address: Address, path: str) -> Forms:
        """Keep and return the forms of the bundle at a path, still on file. Raises OSError."""
        extent, beginning = extent_at(path)
        forms = FormsOnFile(extent, beginning, partial(self._recent.charge, address))
        self._recent.keep(address, Kept(path, extent.mark, forms), forms.size)
        return forms
