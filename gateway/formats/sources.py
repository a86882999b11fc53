"""The source formats there are, by name, media type and suffix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from gateway.core.errors import Unsupported
from gateway.formats import FORMATS, declarations
from gateway.formats.companions import addresses_in
from gateway.formats.frontmatter import Split, split
from gateway.formats.nodes import Node
from gateway.formats.slugs import slug_of
from gateway.formats.textual import prose_of
from gateway.ports import Format, Source

_LEAD = re.compile(r"(?:<x-[a-z]+ [^<>]*></x-[a-z]+>)*")  # what stands before all paragraphs
_PLAIN = re.compile(r"<(p|h[1-6])(?: [^<>]*)?>(?:[^<]|</?(?:a|strong|em)(?: [^<>]*)?>)*</\1>|")
_FENCE = re.compile(r"\s*(?:---|\+\+\+)\s*$", re.MULTILINE)


class SourceFormats:
    """All formats: the port that the use cases see."""

    def all(self) -> Sequence[Format]:
        """Return every format."""
        return FORMATS

    def named(self, name: str) -> Format:
        """Return the format of a name. Raises Unsupported."""
        by_name = {each.name: each for each in FORMATS}
        if name not in by_name:
            raise Unsupported("format", name, tuple(by_name))
        return by_name[name]

    def prose(self, html: str) -> str:
        """Return what is seen of sanitised HTML, but for code."""
        return prose_of(html)

    def addresses(self, html: str) -> frozenset[str]:
        """Return the addresses that sanitised HTML shows or links."""
        return addresses_in(html)

    def slug(self, name: str) -> str:
        """Return what can stand in an address for a name or a title, "" for nothing."""
        return slug_of(name)

    def of_media_type(self, media_type: str) -> str:
        """Return the name of the format with this media type. Raises Unsupported."""
        by_type = {each: form.name for form in FORMATS for each in form.media_types}
        if media_type not in by_type:
            raise Unsupported("Content-Type", media_type, tuple(by_type))
        return by_type[media_type]

    def of_suffix(self, suffix: str) -> str:
        """Return the name of the format of files that end so. Raises Unsupported."""
        by_suffix = {each: form.name for form in FORMATS for each in form.suffixes}
        if suffix.lower() not in by_suffix:
            raise Unsupported("file type", suffix, tuple(by_suffix))
        return by_suffix[suffix.lower()]

    def text(self, body: bytes, charset: str | None, form: str) -> str:
        """Decode strictly. Raises Refused, Unsupported."""
        return self.named(form).decode(body, charset).text

    def read(self, body: bytes, charset: str | None, form: str) -> Source:
        """Decode once, and take the front matter off. Raises Refused, Unsupported."""
        of = self.named(form)
        text, warnings, kept, pictures, fields = of.decode(body, charset)
        front, declared, rest, line = split(text) if of.is_text else _split_seen(of, text)
        if fields and not front:
            front = "\n".join(f"{name}: {value}" for name, value in fields.items())
            declared = declarations.read({name: Node(1, said) for name, said in fields.items()})
        warnings += declared.warnings
        kept = kept or text.encode()
        meta, holds = declared.meta, declared.holds
        return Source(kept, text, front, meta, rest, line, warnings, holds, declared.slug, pictures)


def _split_seen(form: Format, text: str) -> Split:
    """Return markup with its front matter taken off: paragraphs of nothing but words and links.

    Raises Refused with the findings.
    """
    lead = _LEAD.match(text)
    start = lead.end() if lead else 0
    lines = text[start:].split("\n")
    plain = len(list(takewhile(_PLAIN.fullmatch, lines)))
    if not _FENCE.match(form.seen("\n".join(lines[:plain]))):
        return split(text)
    found = split(form.seen(text[start:]))
    if not found.front or found.line > plain + 1:
        return split(text)
    rest = "\n".join(lines[found.line - 1 :])
    return found._replace(rest=text[:start] + rest)
