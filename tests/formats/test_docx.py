"""Word documents: what is shown of them, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain, pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import docx as python_docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.bundles import IDENTITY
from gateway.core.documents import PLACEHOLDER, Address
from gateway.core.errors import Refused
from gateway.core.findings import Finding, FindingCode
from gateway.core.markers import Division, divide
from gateway.core.texts import PaidText
from gateway.formats import docx
from gateway.formats.sources import SourceFormats
from gateway.formats.word.numbers import written
from gateway.rendering.workers import compose_edition, prepare_submission
from gateway.usecases.composing import Prepared, Task
from gateway.usecases.submissions import Submission
from tests.support import word
from tests.support.examples import examples
from tests.support.services import NOW

FOLDER = Path("tests/corpus/docx")
ROWS: Sequence[Mapping[str, Any]] = json.loads((FOLDER / "docx.json").read_text("utf-8"))[1:]
BOMBS = sorted((FOLDER / "bombs").iterdir())
READ = [row for row in ROWS if "refused" not in row]
REFUSED = [row for row in ROWS if "refused" in row]
BEGIN, END = "##paidbegin##", "##paidend##"

_NOT_COMPARED = re.compile(r"[^\w。，、：；（）！？,.:;()!?’'\"#$]|[\s_]")


def name_of(row: Mapping[str, Any]) -> str:
    return str(row["file"])


each_read = pytest.mark.parametrize("row", READ, ids=name_of)


def submission(body: bytes, *, free: bool = False) -> Submission:
    return Submission(Address("demo", "a"), body, "docx", free=free)


def prepared(body: bytes, *, free: bool = False) -> Prepared:
    return prepare_submission(submission(body, free=free), NOW)


def findings(body: bytes) -> tuple[Finding, ...]:
    """Return why a document is refused."""
    with pytest.raises(Refused) as refused:
        prepared(body)
    return refused.value.findings


def body_of(row: Mapping[str, Any]) -> bytes:
    return (FOLDER / name_of(row)).read_bytes()


def squeezed(text: str) -> str:
    """Return what of a text is compared."""
    return _NOT_COMPARED.sub("", text)


def without_floating(text: str, row: Mapping[str, Any]) -> str:
    """Return a squeezed text without its notes and boxes, each of which is there once."""
    for part in (part for kind in row.get("floating", {}).values() for part in kind):
        text = text.replace(squeezed(part), "", 1)
    return text


def pattern(sections: Sequence[tuple[str, str]]) -> re.Pattern[str]:
    """Return what matches sections, whose generated parts may look otherwise or be missing."""
    parts = re.split("⟦[^⟧]*⟧", "".join(text for _, text in sections))
    generated = r"[(（\[]*[\w一-龥]{0,3}[)）\]、.:]*"
    return re.compile(generated.join(re.escape(squeezed(part)) for part in parts))


# --- what is shown -----------------------------------------------------------------------------


@each_read
def test_a_document_is_shown_as_is_listed(row: Mapping[str, Any]) -> None:
    made = prepared(body_of(row))
    if "title" in row:
        assert made.preview.title == row["title"]
    for rendering, kinds in ((made.preview, {"free"}), (made.full, {"free", "paid"})):
        sections = [section for section in row["sections"] if section[0] in kinds]
        floating = [part for kind in kinds for part in row.get("floating", {}).get(kind, ())]
        seen = squeezed(f"{rendering.title}{rendering.text}".replace(PLACEHOLDER, ""))
        for part in floating:
            assert seen.count(squeezed(part)) == 1
        rest = without_floating(seen, row)
        rest = re.sub(r"(?:\d\.)+$", "", rest) if floating else rest  # the numbers of notes
        assert pattern(sections).fullmatch(rest), (rest, sections)


@each_read
def test_paid_words_are_in_no_public_byte(row: Mapping[str, Any]) -> None:
    sealed = compose_edition(Task(submission(body_of(row)), "e1", NOW, None), "").sealed
    public = [body for form in sealed.public.forms.values() for body in [form.bodies[IDENTITY]]]
    everywhere = public + [form.bodies[IDENTITY] for form in sealed.full.forms.values()]
    paid = [re.sub("⟦.*", "", text) for kind, text in row["sections"] if kind == "paid"]
    secret = [*row.get("secret", ()), *row.get("floating", {}).get("paid", ())]
    for body in public:
        seen = squeezed(body.decode(errors="replace"))
        assert not [text for text in (*paid, *secret) if squeezed(text) and squeezed(text) in seen]
    for body in everywhere:
        assert not [text for text in row.get("absent", ()) if text in body.decode(errors="replace")]


@each_read
def test_headings_tables_and_alignment_are_those_of_the_document(row: Mapping[str, Any]) -> None:
    made = prepared(body_of(row))
    preview, full = (LexborHTMLParser(side.html) for side in (made.preview, made.full))
    if "headings" in row:
        public = headings(preview)
        expected = row["headings"].get("public", [])
        assert [re.sub("⟦|⟧", "", text) for text in expected] == public
        assert set(row["headings"].get("full", ())) <= set(headings(full))
    if "tables" in row:
        assert [len(side.css("table")) for side in (preview, full)] == row["tables"]
    for text in row.get("right", ()):
        assert text in [node.text() for node in full.css("p.right")]


def headings(tree: LexborHTMLParser) -> list[str]:
    return [node.text().strip() for node in tree.css("h1, h2, h3, h4, h5, h6")]


@pytest.mark.parametrize("row", [row for row in READ if "left_out" in row], ids=name_of)
def test_what_is_left_out_is_named_and_counted(row: Mapping[str, Any]) -> None:
    told = [
        each.message
        for each in prepared(body_of(row)).warnings
        if each.code is FindingCode.LEFT_OUT
    ]
    assert all(any(part in message for message in told) for part in row["left_out"])


@pytest.mark.parametrize("row", REFUSED, ids=name_of)
def test_a_refusal_names_the_paragraph(row: Mapping[str, Any]) -> None:
    found = findings(body_of(row))
    assert {each.code for each in found} & set(row["refused"])
    if "words" in row:
        assert any(each.words.startswith(row["words"]) for each in found)


def shown(*blocks: str) -> str:
    """Return the words of each paragraph of a document that begins with a title."""
    lines = docx.seen(docx.decode(word.document([word.paragraph("T"), *blocks]), None).text)
    return lines.partition("\n")[2]


FIELD = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
CODE = '<w:r><w:instrText xml:space="preserve">{}</w:instrText></w:r>'
DELETED = "<w:rPr><w:del w:id='1'/></w:rPr>"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"


def test_a_paragraph_whose_end_was_deleted_goes_on_in_the_next() -> None:
    first = word.paragraph("one ").replace("<w:pPr>", f"<w:pPr>{DELETED}")
    assert shown(first, word.paragraph("two"), word.paragraph("three")) == "one two\nthree"


def test_the_last_paragraph_stays_whatever_became_of_its_end() -> None:
    last = word.paragraph("last").replace("<w:pPr>", f"<w:pPr>{DELETED}")
    assert shown(word.paragraph("first"), last) == "first\nlast"


def test_a_row_that_was_deleted_is_gone() -> None:
    first, gone, last = (word.table((text, text)) for text in ("a", "gone", "b"))
    gone = gone.replace("<w:tr>", "<w:tr><w:trPr><w:del w:id='1'/></w:trPr>")
    rows = (first + gone + last).replace("</w:tbl><w:tbl>", "")
    assert shown(rows) == "a\na\nb\nb"


def test_of_a_field_the_result_is_shown() -> None:
    begin, middle, end = (FIELD.format(kind) for kind in ("begin", "separate", "end"))
    inner = [begin, CODE.format(" PAGE "), middle, word.run("7"), end]
    outer = [begin, CODE.format(" IF "), *inner, word.run("code"), middle, word.run("result"), end]
    assert shown(word.paragraph("a ", *outer, " b")) == "a result b"


def test_an_address_in_a_field_is_a_link() -> None:
    begin, middle, end = (FIELD.format(kind) for kind in ("begin", "separate", "end"))
    code = CODE.format(' HYPERLINK "https://e.example/x" ')
    body = word.document([word.paragraph("T"), word.paragraph(begin, code, middle, "words", end)])
    assert '<a href="https://e.example/x">words</a>' in docx.decode(body, None).text


def test_what_stands_in_a_content_control_is_shown() -> None:
    inside = f"<w:sdt><w:sdtContent>{word.run('in')}</w:sdtContent></w:sdt>"
    around = f"<w:sdt><w:sdtContent>{word.paragraph('a ', inside, ' b')}</w:sdtContent></w:sdt>"
    assert shown(around) == "a in b"


def test_a_soft_hyphen_and_an_end_of_a_page_are_nothing() -> None:
    broken = '<w:r><w:t>co</w:t><w:softHyphen/><w:t>ast</w:t><w:br w:type="page"/></w:r>'
    assert shown(word.paragraph(broken, "line")) == "coastline"


def test_what_a_document_has_besides_text_is_counted() -> None:
    formula = f'<w:r/><m:oMath xmlns:m="{MATH}"><m:r><m:t>x</m:t></m:r></m:oMath>'
    chart = f'<w:r><w:drawing><g uri="{CHART}"/></w:drawing></w:r>'
    thing = "<w:r><w:object><OLEObject/></w:object></w:r>"
    blocks = [word.paragraph("T"), word.paragraph("a", formula, chart), word.paragraph("b", thing)]
    told = docx.decode(word.document([*blocks, word.paragraph("c", formula)]), None).warnings
    said = [(each.line, each.message.rpartition(": ")[2]) for each in told]
    assert said == [(2, "2 formulas."), (2, "1 chart."), (3, "1 object.")]


@pytest.mark.parametrize(
    ("number", "form", "expected"),
    [
        (10, "chineseCounting", "十"),
        (12, "chineseCountingThousand", "十二"),
        (20, "japaneseCounting", "二十"),
        (105, "chineseCounting", "一百〇五"),
        (1010, "chineseCounting", "一千〇一十"),
        (21, "chineseLegalSimplified", "贰拾壹"),
        (3, "ideographTraditional", "丙"),
        (14, "upperRoman", "XIV"),
        (28, "lowerLetter", "bb"),
        (7, "decimalZero", "07"),
        (12, "decimalEnclosedCircle", "⑫"),
        (22, "ordinal", "22nd"),
        (112, "ordinal", "112th"),
        (5, "decimal", "5"),
        (5, "no such form", "5"),
        (12_345, "chineseCounting", "12345"),
    ],
)
def test_a_number_is_written_as_its_list_says(number: int, form: str, expected: str) -> None:
    assert written(number, form) == expected


# --- what is hostile ---------------------------------------------------------------------------

_TRY = """
import resource, sys
from gateway.core.errors import Refused
from gateway.formats import docx
body = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF)
try:
    docx.decode(body, None)
    print("read")
except Refused:
    print("refused")
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
print(after.ru_maxrss - before.ru_maxrss)
"""


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda path: path.name)
def test_a_bomb_is_refused_at_little_cost(bomb: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _TRY, str(bomb)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert said[0] == ("read" if bomb.name == "external.docx" else "refused")
    assert float(said[1]) < 10
    assert int(said[2]) < 300 << 10  # KiB


def test_nothing_of_the_machine_comes_in_by_a_reference() -> None:
    made = prepared((FOLDER / "bombs" / "external.docx").read_bytes())
    assert "root:" not in made.source.text
    assert "127.0.0.1" not in made.source.text
    assert [each.line for each in made.warnings] == [2]  # the last paragraph that says anything


def test_a_sign_of_the_gateway_cannot_be_written_in_a_document() -> None:
    for sign in "\ufde0\ufde2\ufde4\ufde8\ufdd0":
        (found,) = findings(word.of_text(f"Title\n\nx{sign}y {BEGIN}p{END}"))
        assert found.code is FindingCode.UNDECODABLE


@pytest.mark.parametrize("value", ["x", "", "-1", "9" * 5_000, "1e9"])
def test_an_attribute_that_no_editor_writes_breaks_nothing(value: str) -> None:
    cell = f'<w:tcPr><w:gridSpan w:val="{value}"/></w:tcPr>'
    rows = word.table(("a", "b")).replace("<w:tc>", f"<w:tc>{cell}", 1)
    number = word.paragraph("n", level=0).replace('w:val="0"', f'w:val="{value}"', 1)
    for odd in (rows, number):
        with suppress(Refused):
            prepared(word.document([word.paragraph("T"), odd]), free=True)


# --- markers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(1, len(BEGIN)))
def test_a_marker_is_found_wherever_runs_divide_it(cut: int) -> None:
    runs = (word.run(BEGIN[:cut], "<w:b/>"), word.run(BEGIN[cut:], "<w:i/>"))
    body = word.document(
        [word.paragraph("Title"), word.paragraph("Free ", *runs, "paid", END, " free")]
    )
    made = prepared(body)
    assert "paid" not in made.preview.text
    assert "Free paid free" in made.full.text.replace("  ", " ").replace("Freepaid", "Free paid")


@examples(70)
@given(st.data())
def test_runs_make_no_difference(data: st.DataObject) -> None:
    """However runs divide a paragraph and whatever they look like, its sections are the same."""
    text = data.draw(st.sampled_from(SENTENCES))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(text) - 1), max_size=8)))
    parts = [text[at:end] for at, end in pairwise([0, *cuts, len(text)])]
    runs = [word.run(part, data.draw(st.sampled_from(LOOKS))) for part in parts]
    between = [data.draw(st.sampled_from(BETWEEN)) for _ in runs]
    torn = "".join(chain.from_iterable(zip(runs, between, strict=True)))
    whole, divided = (
        divide(docx.decode(word.document([word.paragraph("T"), each]), None).text)
        for each in (word.paragraph(text), word.paragraph(torn))
    )
    assert said(divided) == said(whole)
    assert [each.code for each in divided.findings] == [each.code for each in whole.findings]


SENTENCES = (
    f"Free {BEGIN}paid{END} free",
    "甲<paid>乙</paid>丙$$paidbegin$$丁$$paidend$$",
    f"##\\paidbegin## and <\\paid> {BEGIN}x ##\\paidend## y{END}{BEGIN}z{END}",
    f"a \\{BEGIN}b{END} c",
    f"a {BEGIN}b ##pagebreak## c{END} d",
    f"＃＃paidbegin＃＃a {BEGIN}b{END}",
    f"a & b < c {BEGIN}&lt;d&gt;{END}",
)
LOOKS = (
    "",
    "<w:b/>",
    "<w:i/>",
    '<w:b/><w:color w:val="C00000"/>',
    '<w:vertAlign w:val="superscript"/>',
)
BETWEEN = ("", "", '<w:proofErr w:type="spellStart"/>', '<w:bookmarkStart w:id="1" w:name="x"/>')


def said(division: Division) -> list[tuple[bool, str]]:
    """Return the words of each section."""
    texts = [(each.paid, each.text) for each in division.sections]
    return [
        (paid, docx.seen(text.reveal() if isinstance(text, PaidText) else text).strip())
        for paid, text in texts
    ]


MISTAKES = {
    "unclosed": (f"Words {BEGIN}paid words", FindingCode.UNCLOSED),
    "unopened": (f"Words {END} more", FindingCode.UNOPENED),
    "nested": (f"{BEGIN}a {BEGIN}b{END}", FindingCode.NESTED),
    "mismatched": (f"{BEGIN}a$$paidend$$", FindingCode.MISMATCHED),
    "escaped": (f"\\{BEGIN}a{END}", FindingCode.ESCAPED),
    "full width": (f"＃＃paidbegin＃＃a{END}", FindingCode.SUSPECT),
    "capital": (f"##Paidbegin##a{END}", FindingCode.SUSPECT),
    "space": (f"## paidbegin ##a{END}", FindingCode.SUSPECT),
    "slip": (f"##paidbegln##a{END}", FindingCode.SUSPECT),
    "Chinese": ("##付费开始##a##付费结束##", FindingCode.SUSPECT),
    "other tag": ("<Paid>a</Paid>", FindingCode.SUSPECT),
    "one sign short": (f"#paidbegin##a{END}", FindingCode.SUSPECT),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("is_torn", [False, True])
def test_a_slip_is_found_at_its_paragraph(mistake: str, is_torn: bool) -> None:
    text, code = MISTAKES[mistake]
    runs = [word.run(f"Here: {text}")]
    if is_torn:
        runs = [word.run(f"Here: {text[:5]}", "<w:b/>"), word.run(text[5:])]
    sound = [word.paragraph("Title"), word.paragraph(BEGIN, "x", END)]
    found = findings(word.document([*sound, word.paragraph(*runs), word.paragraph("Free.")]))
    placed = [each for each in found if each.code is code]
    assert placed
    assert placed[0].line == 3
    assert placed[0].words.startswith("Here: ")


HIDDEN = "<w:vanish/>"
UNSEEN: Mapping[str, Callable[[str], str]] = {
    "hidden text": lambda marker: word.paragraph("a", word.run(marker, HIDDEN)),
    "hidden text in two runs": lambda marker: word.paragraph(
        word.run(marker[:5], HIDDEN), word.run(marker[5:], HIDDEN)
    ),
    "hidden text that is almost one": lambda marker: word.paragraph(
        word.run(marker.upper(), HIDDEN)
    ),
    "a formula": lambda marker: word.paragraph(
        f'<w:r/><m:oMath xmlns:m="{MATH}"><m:r><m:t>{marker}</m:t></m:r></m:oMath>'
    ),
    "a drawing": lambda marker: word.paragraph(
        f'<w:r><w:pict><shape><textpath string="{marker}"/></shape></w:pict></w:r>'
    ),
    "a reading": lambda marker: word.paragraph(
        f"<w:r><w:ruby><w:rt>{word.run(marker)}</w:rt><w:rubyBase/></w:ruby></w:r>"
    ),
    "a field before its result": lambda marker: word.paragraph(
        FIELD.format("begin"), word.run(marker), FIELD.format("separate"), FIELD.format("end")
    ),
    "a cell that another covers": lambda marker: word.table(("a",), (marker,)).replace(
        f"<w:tc>{word.paragraph(marker)}",
        f"<w:tc><w:tcPr><w:vMerge/></w:tcPr>{word.paragraph(marker)}",
    ),
    "a comment": lambda marker: word.paragraph(
        f'<w:r><w:commentReference w:id="{1 + (marker == END)}"/></w:r>'
    ),
}


@pytest.mark.parametrize("where", UNSEEN)
def test_markers_in_what_is_not_shown_are_refused(where: str) -> None:
    sound = [word.paragraph("Title"), word.paragraph(BEGIN, "x", END)]
    begin, end = map(UNSEEN[where], (BEGIN, END))
    blocks = [*sound, begin, word.paragraph("meant to be paid"), end]
    found = findings(word.document(blocks, comments=[BEGIN, END]))
    assert {each.code for each in found} == {FindingCode.IN_MARKUP}
    assert found[0].line in (3, 4)


def test_what_is_not_shown_may_speak_of_anything_else() -> None:
    hidden = word.run("a note that is not paid, # and all", HIDDEN)
    comment = '<w:r><w:commentReference w:id="1"/></w:r>'
    body = word.document(
        [word.paragraph("T"), word.paragraph("a", hidden, comment)], comments=["b"]
    )
    assert prepared(body, free=True).preview.text.strip() == "a"


# --- what is paid tells nothing ----------------------------------------------------------------

PAID_BLOCKS = (
    (word.paragraph("secret"),),
    (word.paragraph("secret", level=0), word.paragraph("secret", level=1)),
    (word.heading("secret"), word.paragraph("secret", level=0)),
    (word.paragraph("secret", word.note(2)), word.paragraph("x", word.note(3))),
    (word.paragraph("secret", word.note(4), word.note(1)),),
    (word.paragraph("secret", word.box("secret", "secret")),),
    (word.table(("secret", "secret"), ("secret", "secret")),),
    (word.paragraph(word.run("secret", "<w:b/>"), word.run("secret", "<w:i/>")),),
    (word.heading("Free"), word.heading("Free")),
)
NOTES = ("A free note.", "A secret note.", "Another secret.", "A last free note.")


def around(paid: Sequence[str], *, is_inline: bool) -> bytes:
    """Return a document with a note, a box, a list and headings on either side of paid blocks."""
    begin: tuple[str, ...] = (BEGIN,)
    end: tuple[str, ...] = (END,)
    if is_inline:
        begin = ("Begun ", word.note(1), word.box("a free box"), BEGIN, "secret")
        end = ("secret", END, " ended ", word.note(4), word.box("another"))
    return word.document(
        [
            word.heading("Title"),
            word.heading("Free"),
            word.paragraph("one", level=0),
            word.paragraph(*begin),
            *paid,
            word.paragraph(*end),
            word.paragraph("two", level=0),
            word.paragraph("deeper", level=1),
            word.heading("Free"),
            word.paragraph("The end.", word.note(4)),
        ],
        NOTES,
    )


@pytest.mark.parametrize("is_inline", [False, True])
def test_a_preview_is_the_same_whatever_blocks_are_paid(is_inline: bool) -> None:
    previews = [prepared(around(paid, is_inline=is_inline)).preview for paid in PAID_BLOCKS]
    assert all(each == previews[0] for each in previews)
    assert "secret" not in repr(previews[0])
    assert "二、" in previews[0].text
    assert "A last free note." in previews[0].text


def test_all_that_is_paid_is_in_the_full_text() -> None:
    for paid in PAID_BLOCKS:
        full = prepared(around(paid, is_inline=True)).full
        words = sum(block.count("secret") for block in paid)
        notes = sum(f'Reference w:id="{number}"' in "".join(paid) for number in (2, 3))
        assert full.text.count("secret") == 2 + words + notes


def test_a_note_is_there_once_with_a_way_back_to_each_reference() -> None:
    ends = (word.paragraph("a", word.note(2), word.note(1)), word.paragraph("b", word.note(1)))
    paid = (word.paragraph(BEGIN), word.paragraph("secret", word.note(1)), word.paragraph(END))
    made = prepared(word.document([word.heading("Title"), *ends, *paid], NOTES))
    for rendering, ways in ((made.preview, 2), (made.full, 3)):
        tree = LexborHTMLParser(rendering.html)
        assert rendering.text.count("A free note.") == 1
        assert [node.text() for node in tree.css(".footnote-ref")] == ["[1]", "[2]", "[2]", "[2]"][
            : ways + 1
        ]
        links = [node.attributes["href"] for node in tree.css("li:nth-child(2) .footnote-backref")]
        assert links == ["#doc-fnref:2", "#doc-fnref:2:1", "#doc-fnref:2:2"][:ways]
        assert all(tree.css_first(f"[id='{link[1:]}']") for link in links if link)


def test_a_note_that_paid_text_refers_to_first_is_where_free_text_does() -> None:
    paid = (
        word.paragraph(BEGIN),
        word.paragraph("x", word.note(2), word.note(1)),
        word.paragraph(END),
    )
    end = word.paragraph("The end.", word.note(1))
    made = prepared(word.document([word.heading("Title"), *paid, end], NOTES))
    assert "A free note." in made.preview.text
    assert "The end.[1]" in made.preview.text
    assert "secret" not in repr(made.preview)
    assert "The end.[2]" in made.full.text


def test_a_note_within_itself_is_there_once() -> None:
    inner = word.run("a note") + word.note(1)
    body = word.document(
        [word.heading("Title"), word.paragraph("a", word.note(1), word.note(1))], [inner]
    )
    assert prepared(body, free=True).full.text.count("a note") == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # see cpu_limit
def test_notes_that_make_each_other_many_times_longer_are_refused() -> None:
    notes = [word.run("n") + word.note(number + 1) * 40 for number in range(1, 9)]
    found = findings(
        word.document([word.heading("Title"), word.paragraph("a", word.note(1))], notes)
    )
    assert [each.code for each in found] == [FindingCode.TOO_LARGE]


# --- numbers -----------------------------------------------------------------------------------


def test_numbers_of_a_preview_count_what_is_free() -> None:
    row = next(row for row in ROWS if row["file"] == "22-generated-numbers.docx")
    made = prepared(body_of(row))
    assert "（二）每批三十人" in made.preview.text
    assert "（二）食宿自理" in made.full.text


# --- what other programs write -----------------------------------------------------------------


def by_python_docx(folder: Path) -> Path:
    made = python_docx.Document()
    made.add_heading("Harbour notes", 0)
    made.add_paragraph("The quay was rebuilt.")
    made.add_paragraph(f"Free, {BEGIN}the price was four million{END} and free.")
    made.add_paragraph("First", style="List Number")
    made.add_paragraph("Second", style="List Number")
    table = made.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Left", "Right"
    path = folder / "made.docx"
    made.save(str(path))
    return path


SOURCE = f"""# Harbour notes

The quay was rebuilt.

Free, {BEGIN}the price was four million{END} and free.

- one
- two

1. first
2. second

| a | b |
|---|---|
| c | d |
"""


def by_pandoc(folder: Path) -> Path:
    path = folder / "made.docx"
    subprocess.run(["pandoc", "-f", "markdown", "-o", path], input=SOURCE.encode(), check=True)
    return path


def by_libreoffice(folder: Path) -> Path:
    html = subprocess.run(
        ["pandoc", "-f", "markdown", "-t", "html", "-s", "--metadata", "title=Harbour notes"],
        input=SOURCE.encode(),
        capture_output=True,
        check=True,
    ).stdout
    (folder / "made.html").write_bytes(html)
    office(folder, "--infilter=HTML (StarWriter)", "docx:MS Word 2007 XML", folder / "made.html")
    return folder / "made.docx"


def office(folder: Path, *arguments: object) -> None:
    """Have LibreOffice convert a file."""
    *options, kind, file = map(str, arguments)
    subprocess.run(
        [
            *("soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"),
            *(*options, "--convert-to", kind, "--outdir", str(folder), file),
        ],
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("make", [by_python_docx, by_pandoc, by_libreoffice])
def test_a_document_says_what_libreoffice_prints_of_it(make: Any, tmp_path: Path) -> None:
    path = make(tmp_path)
    made = prepared(path.read_bytes())
    assert "four million" not in made.preview.html
    office(tmp_path, "txt:Text (encoded):UTF8", path)
    printed = (tmp_path / "made.txt").read_text("utf-8-sig")
    printed = printed.replace(BEGIN, "").replace(END, "")
    ours = f"{made.full.title} {made.full.text}"
    assert list(words_of(ours)) == list(words_of(printed))


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text, sorted, without numbers that are generated."""
    yield from sorted(word for word in re.findall(r"[a-z]+", text.lower()))


def test_an_older_document_is_converted(tmp_path: Path) -> None:
    path = by_python_docx(tmp_path)
    office(tmp_path, "doc:MS Word 97", path)
    made = prepared((tmp_path / "made.doc").read_bytes())
    assert made.preview.title == "Harbour notes"
    assert "four million" not in made.preview.text
    assert made.source.kept.startswith(b"PK")


def test_nothing_that_an_older_document_links_to_is_fetched(tmp_path: Path) -> None:
    asked: list[str] = []

    class Listening(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Listening) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        picture = f"<img src='http://127.0.0.1:{server.server_port}/a.png' width=9 height=9>"
        (tmp_path / "made.html").write_text(f"<p>Title</p><p>Words {picture}</p>")
        filters = ("--infilter=HTML (StarWriter)", "doc:MS Word 97")
        office(tmp_path, *filters, tmp_path / "made.html")
        assert asked  # by LibreOffice itself, as it makes the document
        asked.clear()
        made = prepared((tmp_path / "made.doc").read_bytes(), free=True)
        server.shutdown()
    assert (made.preview.title, asked) == ("Title", [])


# --- properties --------------------------------------------------------------------------------

LETTER = [word.paragraph("A letter"), word.paragraph(f"free {BEGIN}paid{END} on")]
_CORE = "".join(
    f"<{name}>CANARY-{name}</{name}>"
    for name in (
        *("title", "subject", "creator", "keywords", "description", "lastModifiedBy"),
        *("category", "created", "modified", "Company", "Manager", "Template"),
    )
)


def bytes_of(body: bytes) -> bytes:
    """Return all that is made of a document, public or not, but for its source."""
    sealed = compose_edition(Task(submission(body), "e1", NOW, None), "").sealed
    forms = [*sealed.public.forms.values(), *sealed.full.forms.values()]
    return b"".join(form.bodies[IDENTITY] for form in forms) + repr(sealed.public.entry).encode()


def test_custom_properties_declare_what_front_matter_does() -> None:
    properties = {
        "paidgate.title": "The title",
        "Paidgate Summary": "The summary",
        "paidgate-author": "The author",
        "paidgate:date": "2026-01-31T00:00:00Z",
        "paidgate.collection": "letters",
        "paidgate.colour": "red",
    }
    made = prepared(word.document(LETTER, properties=properties))
    meta = made.document.meta
    assert (meta.title, meta.summary, meta.author) == ("The title", "The summary", "The author")
    assert (str(meta.date)[:10], meta.collection) == ("2026-01-31", "letters")
    assert [each.code for each in made.warnings] == [FindingCode.UNKNOWN_FIELD]
    assert "A letter" in made.preview.text


FRONT = ["---", "title: The title", "offer: {name: This, price: ¥6, url: /buy}", "---"]


def fronted(*lines: str) -> bytes:
    """Make a document that begins with lines, and goes on with a letter and a list."""
    return word.document([*map(word.paragraph, lines), *LETTER])


def test_the_first_paragraphs_declare_what_front_matter_does() -> None:
    made = prepared(fronted(*FRONT))
    meta = made.document.meta
    assert meta.title == "The title"
    assert [(each.name, each.price, each.url) for each in meta.offers] == [("This", "¥6", "/buy")]
    assert made.sections[0] == (False, len(FRONT) + 1, len(FRONT) + 2)
    assert "A letter" in made.preview.text
    assert "¥6" not in made.preview.text


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (FRONT[:-1], FindingCode.UNCLOSED),
        (["——", *FRONT[1:]], FindingCode.FRONT_MATTER),
        (["---", f"title: x {BEGIN}y{END}", "---"], FindingCode.FRONT_MATTER),
        (["---", f"title: {BEGIN}", "---"], FindingCode.FRONT_MATTER),
        (["---", "title: a ##paidbegn## b", "---"], FindingCode.IN_MARKUP),
        (["---", "draft: true", "---"], FindingCode.DRAFT),
    ],
)
def test_first_paragraphs_that_almost_declare_are_refused(
    lines: list[str], code: FindingCode
) -> None:
    assert code in [each.code for each in findings(fronted(*lines))]


def test_nothing_that_an_editor_fills_in_by_itself_is_in_anything_public() -> None:
    core = f"<coreProperties>{_CORE}</coreProperties>"
    custom = dict.fromkeys(("title", "Author", "summary", "Order", "paidgate", "date"), "CANARY")
    linked = dict.fromkeys(("paidgate.title@", "paidgate.summary@"), "CANARY-linked")
    body = word.document(LETTER, properties=custom | linked, core=core)
    assert bytes_of(body) == bytes_of(word.document(LETTER))


@pytest.mark.parametrize("value", [f"x {BEGIN} y", f"{BEGIN}x{END}", "a ##paidbegn## b"])
def test_a_marker_in_a_property_is_refused(value: str) -> None:
    found = findings(word.document(LETTER, properties={"paidgate.summary": value}))
    assert FindingCode.IN_MARKUP in [each.code for each in found]


def test_a_property_that_cannot_be_read_is_refused() -> None:
    (found,) = findings(word.document(LETTER, properties={"paidgate.date": "soon"}))
    assert found.code is FindingCode.UNDECODABLE
    (found,) = findings(word.document(LETTER, properties={"paidgate.draft": "true"}))
    assert found.code is FindingCode.DRAFT


def test_the_source_of_a_word_document_is_kept_as_it_came() -> None:
    body = word.of_text(f"Title\nFree. {BEGIN}Paid.{END}")
    assert SourceFormats().read(body, None, "docx").kept == body
