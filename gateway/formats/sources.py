"""The source formats there are, by name, media type and suffix."""

from __future__ import annotations

from gateway.core.errors import Unsupported
from gateway.formats import BY_MEDIA_TYPE, BY_NAME, BY_SUFFIX, html
from gateway.formats.decoding import decode
from gateway.formats.frontmatter import split
from gateway.formats.slugs import slug_of
from gateway.formats.textual import prose_of
from gateway.ports import Format, Source


class SourceFormats:
    """All formats: the port that the use cases see."""

    def named(self, name: str) -> Format:
        """Return a format that is known to exist."""
        return BY_NAME[name]

    def prose(self, html: str) -> str:
        """Return what is seen of sanitised HTML, but for code."""
        return prose_of(html)

    def slug(self, name: str) -> str:
        """Return what can stand in an address for a name or a title, "" for nothing."""
        return slug_of(name)

    def of_media_type(self, media_type: str) -> str:
        """Return the name of the format with this media type. Raises Unsupported."""
        if media_type not in BY_MEDIA_TYPE:
            raise Unsupported("Content-Type", media_type, tuple(BY_MEDIA_TYPE))
        return BY_MEDIA_TYPE[media_type].name

    def of_suffix(self, suffix: str) -> str:
        """Return the name of the format of files that end so. Raises Unsupported."""
        if suffix.lower() not in BY_SUFFIX:
            raise Unsupported("file type", suffix, tuple(BY_SUFFIX))
        return BY_SUFFIX[suffix.lower()].name

    def text(self, body: bytes, charset: str | None, form: str = "") -> str:
        """Decode strictly. Raises Refused, Unsupported."""
        return decode(body, charset, is_html=form == html.name)

    def read(self, body: bytes, charset: str | None, form: str = "") -> Source:
        """Decode once, and take the front matter off. Raises Refused, Unsupported."""
        text = self.text(body, charset, form)
        front, declared, rest, line = split(text)
        return Source(
            *(text, front, declared.meta, rest, line),
            *(declared.warnings, declared.holds, declared.slug),
        )
