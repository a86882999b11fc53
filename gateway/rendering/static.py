"""Assets under names that hold a hash of their content.

A preview is set once and keeps the names of that day. So a known asset answers to an older hash
too, with the bytes of today; only the name of today may be cached for good (`lasting`). Comments
and indents are for whoever reads the files: they are not sent.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from gateway.core.bundles import Representation
from gateway.rendering.encodings import ASSET, public_representation

ASSETS = Path(__file__).with_name("assets")
PREFIX = "/static/"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}
_UNSENT = {
    ".css": re.compile(rb"/\*.*?\*/|^\s+", re.DOTALL | re.MULTILINE),
    ".js": re.compile(rb"^\s*//[^\n]*\n|^\s+", re.MULTILINE),
}
_HASHED = re.compile(r"([a-z0-9-]{1,40})\.[0-9a-f]{12}(\.[a-z]{2,4})", re.ASCII)


class Static:
    """Every asset of a folder, in memory, in every content coding."""

    def __init__(self, folder: Path = ASSETS) -> None:
        self._forms: dict[str, Representation] = {}
        self._names: dict[str, str] = {}
        for file in sorted(folder.iterdir()):
            if file.suffix in _TYPES:
                self._add(file.name, file.read_bytes())

    def _add(self, name: str, body: bytes) -> None:
        stem, dot, suffix = name.rpartition(".")
        if unsent := _UNSENT.get(dot + suffix):
            body = unsent.sub(b"", body)
        digest = hashlib.sha256(body).hexdigest()[:12]
        self._forms[name] = public_representation(_TYPES[dot + suffix], body, ASSET)
        self._names[name] = f"{stem}.{digest}.{suffix}"

    def url(self, name: str) -> str:
        """Return the address of an asset, from the root. Raises KeyError."""
        return PREFIX + self.named(name)

    def named(self, name: str) -> str:
        """Return the name of an asset with the hash of its content. Raises KeyError."""
        return self._names[name]

    def asset(self, path: str) -> Representation | None:
        """Return the asset at a path under the prefix, whatever hash it names."""
        return self._forms.get(_plain(path))

    def lasting(self, path: str) -> bool:
        """Return whether a path names exactly the bytes of today, and so may be kept for good."""
        return self._names.get(_plain(path)) == path


def _plain(path: str) -> str:
    found = _HASHED.fullmatch(path)
    return found[1] + found[2] if found else ""
