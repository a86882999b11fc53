"""The addresses that files of folders have, where their names do not say them plainly.

What was made of a name, or given to one of two with one name, is noted beside the file and stays,
whatever names come later.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.core.documents import is_name
from gateway.formats.slugs import UNTITLED, other_than, slug_of

NOTES = ".paidgate.json"  # hidden, as what is beside documents and is none


class FileName(NamedTuple):
    """A file that needs an address: what names it, whose it is, and what it declares itself."""

    path: Path
    name: str
    owner: str
    declared: str = ""


class Names:
    """Gives each file its slug."""

    def __init__(self, files: Iterable[FileName]) -> None:
        self._files = [*files]
        folders = {notes_of(file) for file in self._files}
        self._noted = {folder: _read(folder / NOTES) for folder in folders}
        self._taken: dict[str, set[str]] = defaultdict(set)
        self.slugs: dict[Path, str] = {}
        self._give()

    def _give(self) -> None:
        # In this order: what was told once stays, and what is a name already keeps it.
        for file in self._files:
            noted = "" if file.declared else self._noted[notes_of(file)].get(_key(file), "")
            if noted and noted not in self._taken[file.owner]:
                self._take(file, noted)
        for file in self._files:
            if file.declared:
                self._take(file, file.declared)  # twice, if two declare it: one is refused then
        for file in sorted(self._left(), key=_age):
            if is_name(file.name) and file.name not in self._taken[file.owner]:
                self._take(file, file.name)
        for file in self._left():
            made = slug_of(file.name) or UNTITLED
            self._take(file, other_than(made, self._taken[file.owner]))

    def _left(self) -> list[FileName]:
        return [file for file in self._files if file.path not in self.slugs]

    def _take(self, file: FileName, slug: str) -> None:
        self._taken[file.owner].add(slug)
        self.slugs[file.path] = slug

    def note(self) -> None:
        """Note beside the files what could be another one's next time.

        Raises OSError where a folder cannot be written to.
        """
        of_name = Counter((file.owner, file.name) for file in self._files)
        found = {folder: dict[str, str]() for folder in self._noted}
        for file in self._files:
            slug = self.slugs[file.path]
            is_plain = slug == file.name and of_name[file.owner, file.name] == 1
            if not (file.declared or is_plain):
                found[notes_of(file)][_key(file)] = slug
        for folder, noted in self._noted.items():
            kept = {key: slug for key, slug in noted.items() if (folder / key).exists()}
            if kept | found[folder] != noted:
                self._noted[folder] = kept | found[folder]
                _write(folder / NOTES, self._noted[folder])


def notes_of(file: FileName) -> Path:
    """Return the folder that holds the notes of a file: of a page bundle the one above it."""
    folder = file.path.parent
    return folder.parent if _is_bundle(file) else folder


def _is_bundle(file: FileName) -> bool:
    return file.path.stem != file.name and file.path.parent.name == file.name


def _key(file: FileName) -> str:
    return file.path.relative_to(notes_of(file)).as_posix()


def _age(file: FileName) -> int:
    """Return when a file was last changed: of two with one name the one that was there first."""
    try:
        return file.path.stat().st_mtime_ns
    except OSError:
        return 0


def _read(path: Path) -> dict[str, str]:
    """Return what is noted; nothing where that cannot be read, or is no address."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    pairs = told.items() if isinstance(told, dict) else ()
    return {key: slug for key, slug in pairs if isinstance(slug, str) and is_name(slug)}


def _write(path: Path, noted: Mapping[str, str]) -> None:
    if noted:
        told = json.dumps(noted, ensure_ascii=False, indent=1, sort_keys=True)
        part = path.with_name(f"{NOTES}.part")
        part.write_text(f"{told}\n")
        part.replace(path)  # all at once
    else:
        path.unlink(missing_ok=True)
