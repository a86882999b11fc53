"""Files that a gateway elsewhere has refused, by what they hold: no run sends them in vain.

Kept in the cache of whoever publishes, for a while: a later version of that gateway may take them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from time import time

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder, encode

from gateway.stores.files.durable import make_folder, write_private

KEPT = 30 * 86_400  # seconds


class RefusedFile(Struct):
    """Why a file was refused, and when."""

    detail: str
    hint: str
    at: int


_DECODER = Decoder(dict[str, RefusedFile])


def cache_file() -> Path:
    """Return where they are kept."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(given) if given else Path("~/.cache").expanduser()
    return folder / "paidgate" / "refused.json"


class RefusedFiles:
    """What a gateway has refused of what this machine sent it."""

    def __init__(self, url: str, path: Path) -> None:
        self._url = url
        self._path = path
        self._known = self._read()

    def get(self, origin: str) -> RefusedFile | None:
        """Return why a file with this digest was refused, None where it was not."""
        return self._known.get(f"{self._url} {origin}")

    def add(self, origin: str, detail: str, hint: str) -> None:
        """Remember that a file with this digest was refused, if that can be kept."""
        refused = RefusedFile(detail, hint, int(time()))
        self._known = {**self._read(), f"{self._url} {origin}": refused}
        with suppress(OSError):
            make_folder(self._path.parent, 0o700)
            write_private(self._path, encode(self._known))

    def _read(self) -> dict[str, RefusedFile]:
        try:
            known = _DECODER.decode(self._path.read_bytes())
        except (OSError, MsgspecError):
            return {}
        return {key: each for key, each in known.items() if each.at > time() - KEPT}
