"""Source files: which files of a folder are documents, and whose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.core.documents import Address, is_name
from gateway.core.errors import Malformed
from gateway.ports import Formats
from gateway.submissions import Submission


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that holds a document."""

    path: Path

    def submission(self, publisher: str, formats: Formats) -> Submission:
        """Return what this file submits. Raises Malformed, Unsupported, OSError."""
        slug = self.path.stem
        if not is_name(slug):
            raise Malformed(
                f"{self.path}: the file's name cannot be a slug.",
                where="slug",
                hint="Name the file with 1 to 80 of a-z, 0-9 and hyphen.",
            )
        form = formats.of_suffix(self.path.suffix)
        return Submission(Address.of(publisher, slug), self.path.read_bytes(), form)


def publisher_of(file: SourceFile) -> str:
    """Return the publisher that the folder of a file names, "" if it cannot be one."""
    name = file.path.resolve().parent.name
    return name if is_name(name) else ""


def source_files(paths: Iterable[Path]) -> Iterator[SourceFile]:
    """Return the files named, and below folders every file that is not hidden, in order."""
    for path in paths:
        if path.is_dir():
            found = (p for p in path.rglob("*") if p.is_file())
            for file in sorted(found):
                if not any(part.startswith(".") for part in file.relative_to(path).parts):
                    yield SourceFile(file)
        else:
            yield SourceFile(path)
