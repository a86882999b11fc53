"""Message catalogues: read as translators write them (.po), compiled as gettext reads them (.mo).

An installed gateway has what the build compiled; a checkout compiles what it reads, so that an
edited catalogue is never stale. Standard library only: the build runs this file by itself.
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

_MAGIC = 0x950412DE
_HEADER = struct.Struct("<7I")
_PLACE = struct.Struct("<2I")  # length and offset of a string
_LINE = re.compile(r'(?:(msgid|msgid_plural|msgstr(?:\[\d\])?) )?("(?:[^"\\]|\\.)*")')


def catalogue(folder: Path) -> bytes:
    """Return the compiled catalogue in a folder. Raises OSError, ValueError."""
    source = folder / "gateway.po"
    if source.exists():
        return compiled(source.read_text("utf-8"))
    return (folder / "gateway.mo").read_bytes()


def compiled(source: str) -> bytes:
    """Return the .mo file of a .po file. Raises ValueError with the line that cannot be read."""
    messages = {}
    for entry in _entries(source):
        forms = [text for field, text in entry.items() if field.startswith("msgstr")]
        if all(forms):
            ids = [entry[field] for field in ("msgid", "msgid_plural") if field in entry]
            messages["\0".join(ids).encode()] = "\0".join(forms).encode()
    return _packed(messages)


def _entries(source: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each message, in order."""
    entry: dict[str, str] = {}
    field = ""
    for number, line in enumerate(source.split("\n"), 1):
        if "fuzzy" in line and line.startswith("#,"):
            raise ValueError(f"line {number}: a fuzzy message; mend it and take the mark away")
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if not found or not (found[1] or field):
            raise ValueError(f"line {number}: {line}")
        if found[1] == "msgid" and entry:
            yield entry
            entry = {}
        field = found[1] or field
        entry[field] = entry.get(field, "") + ast.literal_eval(found[2])
    if entry:
        yield entry


def _packed(messages: Mapping[bytes, bytes]) -> bytes:
    """Return messages as gettext's binary format has them: two tables of places, then strings."""
    ids = sorted(messages)
    strings = [*ids, *(messages[id_] for id_ in ids)]
    offset = _HEADER.size + _PLACE.size * len(strings)
    places = []
    for string in strings:
        places.append(_PLACE.pack(len(string), offset))
        offset += len(string) + 1
    second = _HEADER.size + _PLACE.size * len(ids)
    header = _HEADER.pack(_MAGIC, 0, len(ids), _HEADER.size, second, 0, 0)
    return b"".join([header, *places, *(string + b"\0" for string in strings)])
