"""What pandoc makes of documents with markers is divided where they meant it, or refused."""

from __future__ import annotations

import subprocess
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from gateway.core.documents import Address
from gateway.core.errors import Refused
from gateway.rendering.workers import prepare_submission
from gateway.usecases.submissions import Submission

PLACES = (
    "<p>free {begin}gold text{end} more</p>",
    "<p>free</p><p>{begin}</p><p>gold</p><p>{end}</p><p>more</p>",
    "<p>{begin}gold</p><ul><li>gold</li><li>gold</li></ul><p>gold{end}</p>",
    "<ul><li>free</li><li>{begin}gold{end}</li><li>{begin}gold{end} free</li></ul>",
    "<table><tr><th>a</th><th>b</th></tr><tr><td>free</td><td>{begin}gold{end}</td></tr></table>",
    "<blockquote><p>{begin}gold</p><p>gold{end}</p></blockquote><p>more</p>",
    "<h2>{begin}gold{end}</h2><h2>free {begin}gold</h2><p>gold</p><h2>gold{end} more</h2>",
    "<p>free <b>{begin}gold</b> gold{end} <i>more</i> <code>{begin}gold{end}</code></p>",
)
SPELLINGS = (
    ("##paidbegin##", "##paidend##"),
    ("$$paidbegin$$", "$$paidend$$"),
    ("&lt;paid&gt;", "&lt;/paid&gt;"),
)
DOCUMENTS = [
    f"<h1>Title</h1><p>Intro.</p>{place.format(begin=begin, end=end)}"
    for place, (begin, end) in product(PLACES, SPELLINGS)
]
WRITERS = (
    "commonmark",
    "gfm",
    "markdown",
    "markdown_strict",
    "commonmark_x",
    "markdown_mmd",
    "markdown_phpextra",
)
BETWEEN = "XXXX"


def converted(source: str, reader: str, writer: str, *arguments: str) -> str:
    command = ["pandoc", "-f", reader, "-t", writer, *arguments]
    return subprocess.run(command, input=source, capture_output=True, check=True, text=True).stdout


def outcome(source: str) -> str:
    """Return whether a source is refused, published, or shows what is paid."""
    submission = Submission(Address("demo", "a"), source.encode(), "markdown", free=True)
    try:
        preview = prepare_submission(submission, 1_700_000_000).preview
    except Refused:
        return "refused"
    forms = (preview.title, preview.html, preview.markdown, preview.text)
    return "shown" if any("gold" in form for form in forms) else "published"


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("reader", ["html", "docx"])
def test_no_paid_word_is_public_whatever_pandoc_makes_of_it(
    reader: str, writer: str, tmp_path: Path
) -> None:
    source = f"<p>{BETWEEN}</p>".join(DOCUMENTS)
    if reader == "docx":
        word = str(tmp_path / "all.docx")
        converted(source, "html", "docx", "-o", word)
        markdown = converted("", "docx", writer, word)
    else:
        markdown = converted(source, "html", writer)
    documents = markdown.split(BETWEEN)
    assert len(documents) == len(DOCUMENTS)
    outcomes = Counter(map(outcome, documents))
    assert outcomes["shown"] == 0
    assert outcomes["refused"] > 0


def test_the_checker_tells_paid_words_that_are_shown() -> None:
    assert outcome("# T\n\n##\\paidbegin## gold ##\\paidend##") == "shown"
    assert outcome("# T\n\n##paidbegin## gold ##paidend##") == "published"
    assert outcome("# T\n\n\\##paidbegin## gold \\##paidend##") == "refused"
