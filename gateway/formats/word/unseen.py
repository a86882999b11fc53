"""What of a Word document is not shown. No marker may stand in it: its author sees one there."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from gateway.core.errors import Refused
from gateway.core.findings import Finding, FindingCode
from gateway.core.markers import residue
from gateway.formats.word.elements import GONE
from gateway.formats.word.parts import attribute, local

MAX_FINDINGS = 100
_FIRST_WORDS = 40  # characters

_MESSAGE = "A marker stands in what is not shown: hidden text, a formula, a comment or a drawing."
_HINT = "Move the marker into the running text."


class Unseen:
    """Notes what is not shown, paragraph by paragraph."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._findings: list[Finding] = []

    def run(self, text: str) -> None:
        """Note the text of a run, which goes on in the next one."""
        self._said.append(text)

    def thing(self, element: Element | None) -> None:
        """Note what stands by itself, with all that it says."""
        if element is not None:
            self._said += "\n", *_words_of(element), "\n"

    def end(self, number: int, paragraph: Element) -> None:
        """End a paragraph."""
        if self._said and residue("".join(self._said)) and len(self._findings) < MAX_FINDINGS:
            words = "".join(_words_of(paragraph)).strip()[:_FIRST_WORDS]
            found = Finding(number, None, FindingCode.IN_MARKUP, _MESSAGE, _HINT, words)
            self._findings.append(found)
        self._said.clear()

    def require_no_marker(self) -> None:
        """Raise Refused if a marker stood in what was noted."""
        if self._findings:
            raise Refused(tuple(self._findings))


def _words_of(element: Element) -> Iterator[str]:
    if local(element) == "t":
        yield element.text or ""
    elif local(element) == "textpath":
        yield attribute(element, "string")
    for each in element:
        if local(each) not in GONE:
            yield from _words_of(each)
