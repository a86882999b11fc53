"""How texts are read and set."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gateway.core.bundles import Bundle
from gateway.core.documents import NOTHING_SHARED, FullText, Meta, Projection, Rendering, Shared
from gateway.core.findings import Finding, Hold
from gateway.core.grammar import Marker


class Decoded(NamedTuple):
    """What the bytes of a source say, and what of them is lost."""

    text: str
    warnings: tuple[Finding, ...] = ()
    kept: bytes = b""
    """What the vault keeps, where that is not the text."""
    pictures: Mapping[str, bytes] = {}
    """What it holds of pictures, by the address that its text has for each."""
    declared: Mapping[str, str] = {}
    """Fields that stand beside the text, by name."""


class Format(Protocol):
    """One source format: all that the gateway knows of it."""

    name: str
    names: Mapping[str, str]
    """What people call it, by language of the interface."""
    media_types: tuple[str, ...]
    """As it may be sent; the first is what it is answered as."""
    suffixes: tuple[str, ...]
    is_text: bool
    """Whether its bytes are text, which the vault keeps as UTF-8, and people edit."""
    seam: re.Pattern[str]
    """What around a SEAM is none of the text: its line, where that holds nothing else."""

    def decode(self, body: bytes, charset: str | None) -> Decoded:
        """Return the text of a source, each line ended by a line feed.

        charset: as its sender declares it. Raises Refused, Unsupported.
        """

    def seen(self, text: str) -> str:
        """Return the text, line by line, as its publisher knows it."""

    def in_code(self, text: str, places: Sequence[int]) -> Collection[int]:
        """Return those of some places in the text, in order, that readers see as code."""

    def misplaced(self, text: str, markers: Sequence[Marker]) -> Sequence[Marker]:
        """Return the markers that stand inside markup and not in running text."""

    def render(self, text: str, title: str = "", shared: Shared = NOTHING_SHARED) -> Rendering:
        """Return the text in sanitised, well-formed forms.

        PLACEHOLDER stays where it stands, as a letter, and PAGE becomes a rule. Rendering.title is
        `title`, or else the first heading or line, up to a PLACEHOLDER ("" where there is none);
        where the first block says just the title, the forms leave it out. A full text is given what
        it has in common with its preview.
        """


class Press(Protocol):
    """Sets texts into the forms in which they are sent."""

    def public(self, projection: Projection, edition: str) -> Bundle: ...

    def full(self, full: FullText, edition: str) -> Bundle: ...


@dataclass(frozen=True, slots=True)
class Source:
    """A decoded source: front matter with its fences, and running text, which starts at `line`."""

    kept: bytes
    """What the vault keeps: a text as UTF-8, anything else byte for byte."""
    text: str
    front: str
    meta: Meta
    body: str
    line: int
    warnings: tuple[Finding, ...] = ()
    holds: tuple[Hold, ...] = ()
    """What says that it is not to be published, and when."""
    slug: str = ""
    """The address that it declares, "" for none."""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """As in Decoded."""


class Formats(Protocol):
    """The source formats there are."""

    def all(self) -> Sequence[Format]: ...

    def named(self, name: str) -> Format:
        """Return the format of a name. Raises Unsupported."""

    def prose(self, html: str) -> str:
        """Return what is seen of sanitised HTML, but for code."""

    def addresses(self, html: str) -> frozenset[str]:
        """Return the addresses that sanitised HTML shows or links."""

    def of_media_type(self, media_type: str) -> str:
        """Return the name of the format with this media type. Raises Unsupported."""

    def of_suffix(self, suffix: str) -> str:
        """Return the name of the format of files that end so. Raises Unsupported."""

    def slug(self, name: str) -> str:
        """Return what can stand in an address for a name or a title, "" for nothing."""

    def text(self, body: bytes, charset: str | None, form: str) -> str:
        """Decode strictly. Raises Refused, Unsupported.

        form: the name of its format.
        """

    def read(self, body: bytes, charset: str | None, form: str) -> Source:
        """Decode as `text`, once, and take the front matter off. Raises Refused, Unsupported."""
