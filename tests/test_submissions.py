"""What a page would show of its free text is read once more before anything is published."""

from __future__ import annotations

import pytest

from gateway.composing import prepare_submission
from gateway.core.documents import Address
from gateway.core.errors import Refused
from gateway.core.markers import Code, Finding
from gateway.submissions import Submission

FORMATS = ("plain", "markdown", "html")


def submission(body: str, form: str = "markdown") -> Submission:
    return Submission(Address("demo", "a"), body.encode(), form)


def findings(body: str, form: str = "markdown") -> tuple[Finding, ...]:
    """Return why a text is refused, nothing where it is sound."""
    try:
        prepare_submission(submission(body, form))
    except Refused as refused:
        return refused.findings
    return ()


def codes(body: str, form: str = "markdown") -> list[Code]:
    return [finding.code for finding in findings(body, form)]


# Escapes

SHOWN = "Write \\<paid> and \\</paid>, \\##paidbegin## and \\##paidend##."
HIDDEN = {
    "markdown": "##paid**begin**##SECRET##paid**end**##",
    "html": "<p>##paid<b>begin</b>##SECRET##paid<b>end</b>##</p>",
}


@pytest.mark.parametrize("form", FORMATS)
def test_escaped_markers_may_be_shown(form: str) -> None:
    assert codes(f"Title\n\n{SHOWN}\n\nMore.", form) == []
    assert codes(f"# {SHOWN}\n\nMore ##paidbegin##x\\<paid>##paidend##.", form) == []
    assert codes(f"Title\n\n`{SHOWN}` **{SHOWN}**", form) == []


@pytest.mark.parametrize("form", HIDDEN)
@pytest.mark.parametrize(
    "escapes",
    [
        "",
        SHOWN,
        "Write \\<paid> and \\</paid>.",
        "Write \\$$paidbegin$$ and \\$$paidend$$.",
        "<style>\\##paidbegin## \\##paidend##</style>",
        "<!-- \\##paidbegin## \\##paidend## -->",
        "<a href='/\\##paidbegin##\\##paidend##'>a</a>",
        "[a](/\\##paidbegin##\\##paidend##)",
    ],
)
def test_no_escape_excuses_a_marker_that_markup_hides(form: str, escapes: str) -> None:
    assert codes(f"Title\n\n{escapes}\n\n{HIDDEN[form]}", form) == [Code.SUSPECT]


@pytest.mark.parametrize("form", HIDDEN)
def test_no_tag_that_goes_away_leaves_a_marker(form: str) -> None:
    dropped = "##pa\\<paid>id\\</paid>be\\<paid>gin##SECRET"
    assert codes(f"Title\n\n{dropped}", form) == [Code.SUSPECT]
