"""What a page would show of its free text is read once more before anything is published."""

from __future__ import annotations

from html import escape

import pytest

from gateway.core.documents import Address
from gateway.core.errors import Refused
from gateway.core.findings import Finding, FindingCode
from gateway.core.grammar import Spelling, literal
from gateway.formats.sources import SourceFormats
from gateway.rendering.workers import Here, prepare_submission
from gateway.usecases.composing import Task
from gateway.usecases.submissions import Submission
from tests.support.samples import body_of, names
from tests.support.services import NOW

pytestmark = pytest.mark.anyio

PAID = "##paidbegin##x##paidend##"


def submission(body: str, form: str = "markdown") -> Submission:
    return Submission(Address("demo", "a"), body_of(form, body), form, free=True)


def findings(body: str, form: str = "markdown") -> tuple[Finding, ...]:
    """Return why a text is refused, nothing where it is sound."""
    try:
        prepare_submission(submission(body, form), NOW)
    except Refused as refused:
        return refused.findings
    return ()


def codes(body: str, form: str = "markdown") -> list[FindingCode]:
    return [finding.code for finding in findings(body, form)]


# Escapes

SHOWN = "Write <\\paid> and </\\paid>, ##\\paidbegin## and ##\\paidend##."
HIDDEN = {
    "markdown": "##paid**begin**##SECRET##paid**end**##",
    "html": "<p>##paid<b>begin</b>##SECRET##paid<b>end</b>##</p>",
}


@pytest.mark.parametrize("form", names())
def test_literal_markers_may_be_shown(form: str) -> None:
    assert codes(f"Title\n\n{SHOWN}\n\nMore.", form) == []
    assert codes(f"# {SHOWN}\n\nMore ##paidbegin##x<\\paid>##paidend##.", form) == []
    assert codes(f"Title\n\n`{SHOWN}` **{SHOWN}**", form) == []


@pytest.mark.parametrize("form", names())
@pytest.mark.parametrize(
    "setting", ["{}", "- {}", "> {}", "## {}", "**{}**", "`{}`", "<code>{}</code>"]
)
def test_every_form_shows_the_literal_markers(form: str, setting: str) -> None:
    markers = [text for spelling in Spelling for text in spelling.value]
    written = setting.format(" ".join(map(literal, markers)))
    prepared = prepare_submission(submission(f"Title\n\n{written}\n\nMore.", form), NOW)
    assert " ".join(markers) in prepared.preview.text
    assert escape(" ".join(markers), quote=False) in prepared.preview.html
    full = SourceFormats().named(form).render(prepared.document.full_text().reveal())
    assert " ".join(markers) in full.text


@pytest.mark.parametrize("form", names())
def test_a_title_may_show_literal_markers(form: str) -> None:
    end = "<br>" if form == "html" else "\n\n"
    prepared = prepare_submission(submission(f"Of <\\paid> and ##\\paidend##{end}More.", form), NOW)
    assert prepared.preview.title == "Of <paid> and ##paidend##"


@pytest.mark.parametrize("form", HIDDEN)
@pytest.mark.parametrize(
    "escapes",
    [
        "",
        SHOWN,
        "Write <\\paid> and </\\paid>.",
        "Write $$\\paidbegin$$ and $$\\paidend$$.",
        "<style>##\\paidbegin## ##\\paidend##</style>",
        "<!-- ##\\paidbegin## ##\\paidend## -->",
        "<a href='/##\\paidbegin####\\paidend##'>a</a>",
        "[a](/##\\paidbegin####\\paidend##)",
    ],
)
def test_no_escape_excuses_a_marker_that_markup_hides(form: str, escapes: str) -> None:
    assert codes(f"Title\n\n{escapes}\n\n{HIDDEN[form]}", form) == [FindingCode.SUSPECT]


@pytest.mark.parametrize("form", HIDDEN)
def test_no_tag_that_goes_away_leaves_a_marker(form: str) -> None:
    dropped = "##pa<x-y>id</x-y>be<x-y>gin##SECRET <\\paid>"
    assert codes(f"Title\n\n{dropped}", form) == [FindingCode.SUSPECT]


# Front matter and line ends


@pytest.mark.parametrize(
    "front",
    [
        'title: "##paid\\\n  begin##"',
        'summary: "##paid\\\n  begin##"',
        'author: "##paid\\\n  begin##"',
        'offer: {name: "##paid\\\n  begin##"}',
        'offer: {name: A, price: "$$paid\\\n  end$$"}',
        'offer: {name: A, url: "https://ex.com/##paid\\\n  begin##"}',
        'summary: "\\x3cpaid\\x3e"',
        'author: "\\U0001d429aidend"',
    ],
)
def test_no_declared_field_shows_a_marker(front: str) -> None:
    front = f"---\n{front}\n---\n"
    assert codes(f"{front}Title\n\n##\\paidbegin## <\\paid> {PAID}") == [FindingCode.SUSPECT]


def test_declared_fields_are_text() -> None:
    offer = "{name: Paid, price: $5, url: /paid}"
    front = f"summary: Paid and unpaid ends\nauthor: Paid\noffer: {offer}"
    assert codes(f"---\n{front}\n---\nTitle\n\nText. {PAID}") == []


@pytest.mark.parametrize("form", names())
@pytest.mark.parametrize("end", ["<br>", "<br/>\n", "\n", "\n\n"])
def test_no_line_end_hides_a_marker(form: str, end: str) -> None:
    (finding,) = findings(f"Title\n\nA ##paid{end}begin##SECRET##paid{end}end##", form)[:1]
    line = 3 if SourceFormats().named(form).is_text else 2  # an empty paragraph is none
    assert (finding.code, finding.line) == (FindingCode.SUSPECT, line)


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_no_line_end_in_markup_hides_a_marker(form: str) -> None:
    assert codes("<p>Title</p>\n<p>A ##paid<br id='a'>begin##</p>", form) == [FindingCode.SUSPECT]


# Cuts

BEGIN, END = "##paidbegin##", "##paidend##"


@pytest.mark.parametrize(
    ("form", "text", "line"),
    [
        ("markdown", "See [the report](https://ex.com/<begin> SECRET words <end>b).", 3),
        ("markdown", "![x](http://a<begin> s <end>b)", 3),
        ("markdown", "More.\n\n[<begin>\n\ns\n\n<end>foo]: http://x", 5),
        ("markdown", "A[^<begin>\n\ns\n\n<end>1]: note\n\n[^<begin>\n\ns\n\n<end>1]: note", 9),
        ("markdown", "A<begin>[^1]<end>\n\n[^1]: a note <begin>s<end>", 5),
        ("markdown", '<a title=<begin> s" x="<end>>', 3),
        ("html", '<a title=<begin> s" x="<end>>', 3),
        ("html", "<!<begin>-- s --<end>-- x -->", 3),
        ("html", "<table><tr><td>a<begin>s<end></td></tr><begin></table>s<table><tr><td><end>", 3),
    ],
)
def test_a_cut_that_would_stand_in_markup_is_found_where_its_marker_is(
    form: str, text: str, line: int
) -> None:
    body = "Title\n\n" + text.replace("<begin>", BEGIN).replace("<end>", END)
    found = findings(body, form)
    assert {finding.code for finding in found} == {FindingCode.IN_MARKUP}
    assert line in {finding.line for finding in found}
    declared = f"---\nauthor: A\n---\n{body}"
    assert [one.line for one in findings(declared, form)] == [one.line + 3 for one in found]


@pytest.mark.parametrize(
    "entity",
    ["&#xFDD0;", "&#XfdD1", "&#x000fdd2;", "&#64976;", "&#65007", "&#x0fdef;", "&#0064985;"],
)
@pytest.mark.parametrize("paid", ["", "##paidbegin##s##paidend##"])
def test_no_entity_stands_for_a_cut(entity: str, paid: str) -> None:
    for form in ("html", "markdown"):
        assert codes(f"<p>Title</p>\n<p>x {entity} a{paid}</p>", form) == [FindingCode.UNDECODABLE]
    assert codes(f"<p>Title</p>\n<p>##paidbegin##x {entity} a##paidend##</p>", "html") == [
        FindingCode.UNDECODABLE
    ]


@pytest.mark.parametrize("entity", ["&#xFDD0;", "&#64976;"])
@pytest.mark.parametrize("form", names())
def test_an_entity_may_be_shown(form: str, entity: str) -> None:
    shown = entity if form == "plain" else entity.replace("&", "&amp;")
    assert codes(f"Title\n\nx {shown} a", form) == []
    assert codes("Title\n\n&#xFDCF; &#xFDF0; &#64975; &#65008; &#xFDD00; &#649760;", form) == []
    assert codes(f"Title\n\n`{entity}`", "markdown") == []


@pytest.mark.parametrize("sign", ["%EF%B7%90", "%EF%B7%91", "%EF%B7%92%EF%B7%9C" * 7])
def test_no_address_stands_for_a_cut(sign: str) -> None:
    for paid in ("", "##paidbegin##s##paidend##"):
        assert codes(f"Title\n\n<https://ex.com/{sign}> a{paid}") == []


async def test_what_is_found_sound_can_be_published() -> None:
    body = f"Title\n\n<https://ex.com/%EF%B7%90> a{BEGIN}s{END} b[^1]\n\n[^1]: n{BEGIN}s{END}"
    assert codes(body) == []
    composed = await Here("").compose(Task(submission(body), "e", 1_800_000_000, None))
    assert [paid for paid, _, _ in composed.edition.sections].count(True) == 2
