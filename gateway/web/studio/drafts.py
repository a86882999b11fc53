"""A draft: what a publisher has typed or chosen. It lives in the form and nowhere else."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from gateway.core.conditions import Condition
from gateway.core.documents import Address, is_language
from gateway.core.errors import GatewayError, Malformed, TooLarge, Unsupported
from gateway.formats.slugs import slug_of
from gateway.ports import Edition, Formats
from gateway.usecases.submissions import Submission
from gateway.web.studio.excerpts import text_in
from gateway.web.studio.uploads import Upload

INDEX = "index"
TYPED = "plain"  # the format of a text for which none is chosen
MARKED = "markdown"  # where it begins with a heading of that
LONGEST = 1 << 20  # characters; over a field with more a browser stands still for long
_HEADING = re.compile(r"#{1,6} \S")
READABLE = 4 * LONGEST  # bytes or characters; no character takes more bytes than four


@dataclass(frozen=True, slots=True)
class Draft:
    """A source on its way, with the edition that it began from ("" for a new document)."""

    slug: str = ""
    format: str = ""  # "": the file's name decides, else it stays as it is
    language: str = ""  # "": the text decides
    edition: str = ""
    text: str = ""
    file_name: str = ""
    file: bytes | None = None
    free: bool = False  # declared free for everyone
    agreed: str = ""  # to which paid text becoming public; see `revealed`

    @classmethod
    def of_edition(cls, edition: Edition, source: bytes) -> Draft:
        """Return the draft that an edit begins with."""
        slug, text = edition.address.slug, fitting(text_in(source))
        free = not any(paid for paid, _, _ in edition.sections)
        return cls(slug, edition.format, edition.language, edition.id, text, free=free)

    @classmethod
    def of_upload(cls, upload: Upload, slug: str = "") -> Draft:
        """Return the draft in a form; slug is the document's, "" if the form may name it."""
        fields = upload.fields
        return cls(
            slug or fields.get("slug", "").strip(),
            fields.get("format", ""),
            fields.get("language", "").strip(),
            fields.get("edition", ""),
            fields.get("text", ""),
            upload.file_name,
            upload.file,
            "free" in fields,
            fields.get("agreed", ""),
        )

    @property
    def condition(self) -> Condition:
        """Return what must be current for this draft to follow it."""
        if self.edition:
            return Condition(match=frozenset({self.edition}))
        return Condition(none_match="*")

    def submission(self, publisher: str, formats: Formats, limit: int) -> Submission:
        """Return what this draft submits. Raises Malformed, TooLarge, Unsupported."""
        address = Address.of(publisher, self.slug)
        if self.language and not is_language(self.language):
            raise Malformed("This is not a language tag.", where="language")
        body = self.text.encode() if self.file is None else self.file
        if len(body) > limit:
            raise TooLarge("document", limit)
        charset = "utf-8" if self.file is None else None
        form = self._format(formats)
        return Submission(address, body, form, charset, self.language, self.free)

    def _format(self, formats: Formats) -> str:
        if self.format:
            return formats.named(self.format).name
        if self.file is None:
            return MARKED if begins_with_heading(self.text) else TYPED
        return formats.of_suffix(PurePosixPath(self.file_name).suffix.lower())

    def read(self, formats: Formats) -> str:
        """Return the source as text, "" where it cannot be read or is far too long for a field."""
        if len(self.text if self.file is None else self.file) > READABLE:
            return ""
        if self.file is None:
            return self.text
        if self.is_whole(formats):
            return ""
        with suppress(GatewayError):
            return formats.text(self.file, None, self._form(formats) or TYPED)
        return ""

    def _form(self, formats: Formats) -> str:
        """Return the name of the format, "" where there is none."""
        with suppress(Unsupported):
            return self._format(formats)
        return ""

    def is_whole(self, formats: Formats) -> bool:
        """Return whether the format is one that is not edited here: a file takes another's place.

        It is read in a process that can be killed, and only there.
        """
        with suppress(Unsupported):
            return not formats.named(self._format(formats)).is_text
        return False

    def typed(self, source: str, formats: Formats) -> Draft:
        """Return this draft with its file's text, source, as if typed, unless that is long.

        A browser does not choose a file again by itself; text in a field comes back.
        """
        slug = self.slug or suggested_slug(self.file_name)
        dropped = replace(self, slug=slug, file_name="", file=None)
        text = "" if self.file is None else fitting(source)
        try:
            return replace(dropped, format=self._format(formats), text=text) if text else dropped
        except Unsupported:
            return dropped


def begins_with_heading(text: str) -> bool:
    """Return whether a text begins with a heading of Markdown, behind front matter or not."""
    body = text.lstrip()
    if body.startswith("---"):
        body = body.partition("\n---")[2].partition("\n")[2].lstrip()
    return _HEADING.match(body) is not None


def fitting(text: str) -> str:
    """Return a text that can be worked on in a field, "" for one that is too long."""
    return text if len(text) <= LONGEST else ""


def suggested_slug(file_name: str) -> str:
    """Return a slug made of a file's name, "" where nothing of it can stand in one.

    Of a page bundle, such as trees/index.md, it is made of the folder's name.
    """
    path = PurePosixPath(file_name.replace("\\", "/"))
    return slug_of(path.parent.name if path.stem == INDEX and path.parent.name else path.stem)
