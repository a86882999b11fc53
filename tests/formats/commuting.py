"""Does a public transform see anything of paid text? The checker, and transforms that do.

A transform takes a source and returns what the public would get. It commutes with dividing when
that is the same whatever stands in the paid sections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, product

import nh3

from gateway.core.documents import PAGE, PLACEHOLDER, Address, Document, Meta
from gateway.core.grammar import PAGEBREAK
from gateway.core.markers import divide
from gateway.ports import Format
from tests.support.samples import body_of

Transform = Callable[[str], object]

FREE = (
    ("标题\n\n前文。", "\n\n后文。\n"),
    ("Intro [link] and note[^1], ", " and more.\n\n# Later heading\n\n[link]: /free\n"),
    ("<h2>Free</h2><p>a <b>b</b> ", " c</p><h3 id='s'>Sub</h3>"),
    ("", "\n\n一、工作情况\n\n完。\n"),
    (
        "\n\nThe quick brown fox jumps over the lazy dog again and\n",
        "\nruns.\n",
    ),
    ("a ", " b ", " c[^1]\n\n[^1]: free note\n"),
    (
        "Contents [one](#part) [two](#part-1) [three](#secret-heading), [words][book], note[^2]\n\n"
        "## Part\n\n",
        "\n\n## Part\n\n$x_1$ and \\(y_2\\)\n\n- [ ] to do\n\n",
        "\n\n[^3]: of the paid text alone, with [words][spare]\n[spare]: /spare\n",
    ),
    ("<style>.x{display:none}</style>\n\na ", "\n\n<p class='x'>hidden</p>\n\n", " b"),
)
PAID = (
    "机密。",
    "# Secret heading",
    "\n\n# Secret heading\n\n",
    "\n\n[link]: https://canary.example\n\n",
    "\n\n[^1]: secret note\n\n",
    "<h1>Secret</h1>",
    "<title>Secret</title>",
    "<p id='s'>x</p>",
    "\n\n## Part\n\n[back](#part) and note[^3]\n\n[^2]: secret note [^3]\n\n",
    "\n\n[book]: https://canary.example\n\n<h2 id='part'>Part</h2>\n\n",
    "<style>p{display:none}</style><div hidden>x</div>",
    "$x$ and $$\n\ny",
    "第一章 机密",
    "\n\n一、机密工作\n\n",
    "so it goes on and on, line after line, until the end\nof it is",
)

_MARKERS = (
    ("##paidbegin##", "##paidend##"),
    ("$$paidbegin$$", "$$paidend$$"),
    ("<paid>", "</paid>"),
)


def source(free: Sequence[str], paid: Sequence[str], markers: tuple[str, str]) -> str:
    """Return the free parts with a paid section between each two."""
    out = [free[0]]
    for text, after in zip(paid, free[1:], strict=True):
        out += markers[0], text, markers[1], after
    return "".join(out)


def sources(free: Sequence[str], paid: Iterable[str]) -> Iterator[list[str]]:
    """Yield lists of sources that differ only in what is paid, for each spelling of markers."""
    texts = ["x", *paid]
    for markers in _MARKERS:
        yield [source(free, [text] * (len(free) - 1), markers) for text in texts]


def leaks(transform: Transform, families: Iterable[list[str]]) -> Iterator[tuple[str, str]]:
    """Yield pairs of sources that only paid text tells apart, and the transform does too."""
    for family in families:
        sound = [each for each in family if not divide(each).findings]
        seen = ((each, transform(each)) for each in sound)
        for first, expected in islice(seen, 1):
            yield from ((first, text) for text, result in seen if result != expected)


def all_families() -> Iterator[list[str]]:
    """Yield the sources of every free text with every paid one."""
    for free in FREE:
        yield from sources(free, PAID)


# --- what the gateway does ---------------------------------------------------------------------


def document(form: Format, text: str) -> Document:
    """Return a source divided, which says a text."""
    source = read(form, text)
    return Document(Address("a", "b"), form.name, Meta(), divide(source).sections, form.seam)


def read(form: Format, text: str) -> str:
    """Return a text as it is decoded from a document of a format that says it."""
    return form.decode(body_of(form.name, text.replace(PAGE, PAGEBREAK)), None).text


def preview(form: Format) -> Transform:
    """Return the transform of the gateway: divide, render the projection, and then the rest."""

    def transform(text: str) -> object:
        divided = document(form, text)
        rendering = form.render(divided.projection_text())
        form.render(divided.full_text().reveal())
        return rendering

    return transform


# --- what leaks --------------------------------------------------------------------------------


def titled_by_the_whole(form: Format) -> Transform:
    """Take the title from all of the text where the free part begins with a cut."""

    def transform(text: str) -> object:
        whole = form.render(document(form, text).full_text().reveal())
        return form.render(document(form, text).projection_text(), whole.title)

    return transform


def rendered_whole(form: Format) -> Transform:
    """Render everything, then cut between the markers in the result."""
    between = re.compile("\ue000.*?\ue001", re.DOTALL)

    def transform(text: str) -> object:
        out = [
            f"\ue000{s.text.reveal()}\ue001" if s.paid else s.text  # type: ignore[union-attr]
            for s in divide(read(form, text)).sections
        ]
        return between.sub(PLACEHOLDER, form.render("".join(map(str, out)), "Title").html)

    return transform


def sanitised_first(form: Format) -> Transform:
    """Sanitise, then divide: `<paid>` is a tag that no allow-list knows."""
    return lambda text: form.render(document(form, nh3.clean(text)).projection_text(), "Title")


def weighed_whole(form: Format) -> Transform:
    """Count the words of everything."""

    def transform(text: str) -> object:
        whole = form.render(document(form, text).full_text().reveal(), "Title").text
        return form.render(document(form, text).projection_text(), "Title"), len(whole.split())

    return transform


LEAKY = (titled_by_the_whole, rendered_whole, sanitised_first, weighed_whole)


def spelled(texts: Iterable[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each text with each spelling of the markers."""
    return product(texts, _MARKERS)
