"""The editor of the studio: a refusal loses nothing, and what was published stays as it was."""

from __future__ import annotations

import gc
import html
import re
import sys

import anyio
import pytest

from gateway.core.findings import Finding, FindingCode
from gateway.formats.sources import SourceFormats
from gateway.web.studio.drafts import READABLE, Draft, begins_with_heading, suggested_slug
from gateway.web.studio.excerpts import SHOWN, excerpts
from gateway.web.studio.sessions import LIFE
from tests.support import word
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.web.visitor import MULTIPART, Scene, Visitor, multipart, scene

TEXT = "A title\n\nFree words.\n\n##paidbegin##Paid words.##paidend##\n"
OTHER = TEXT.replace("Free", "Other")
EDIT = "/studio/documents/a/edit"


@pytest.fixture
def at() -> Scene:
    """Sign a publisher in who has one document, a."""
    made = scene()
    made.publish("a", TEXT)
    return made


# --- publishing --------------------------------------------------------------------------------


def test_a_typed_text_is_published(at: Scene) -> None:
    seen = at.visitor.write(slug="b", text=TEXT.replace("\n", "\r\n"))
    assert (seen.status, seen.place) == (303, "/studio/documents/b?done=published")
    preview = at.preview("b")
    assert "Free words." in preview
    assert "Paid words." not in preview


def test_a_file_is_published_under_its_own_name_and_format(at: Scene) -> None:
    file = ("Quarterly Report (2).md", b"# A *title*\n\nFree.\n")
    seen = at.visitor.write(file=file, text="typed before", free="true")
    assert (seen.status, seen.place) == (303, "/studio/documents/quarterly-report-2?done=published")
    edition = at.current("quarterly-report-2")
    assert edition
    assert (edition.format, edition.title) == ("markdown", "A title")


@pytest.mark.parametrize("front", ["", "---\r\nauthor: A\r\n---\r\n\r\n", "\n"])
def test_a_typed_text_that_begins_with_a_heading_is_markdown(at: Scene, front: str) -> None:
    at.visitor.write(slug="b", text=f"{front}# A *title*\n\nFree.\n", free="true")
    edition = at.current("b")
    assert edition
    assert (edition.format, edition.title) == ("markdown", "A title")


@pytest.mark.parametrize("text", ["#tag is a word\n", "A title\n\n# Words\n", "---\na: b\n", ""])
def test_no_other_text_is_taken_for_markdown(text: str) -> None:
    assert not begins_with_heading(text)


def test_a_word_document_is_divided_by_its_paragraphs(at: Scene) -> None:
    at.visitor.write(file=("w.docx", word.of_text(TEXT)))
    for slug, told in (("w", "paragraphs 1 to"), ("a", "lines 1 to")):
        assert f"<span>{told}" in at.visitor.get(f"/studio/documents/{slug}").text


def test_a_file_in_an_old_chinese_charset_is_read(at: Scene) -> None:
    file = ("b.txt", "标题\n\n这是一段普通的中文内容。\n".encode("gb18030"))
    at.visitor.write(slug="b", file=file, free="true")
    assert "这是一段普通的中文内容。" in at.preview("b")


def test_an_edit_begins_with_the_source_and_is_published_at_its_address(at: Scene) -> None:
    page = at.visitor.get(EDIT)
    assert page.typed == TEXT
    seen = at.visitor.write(EDIT, text=OTHER, format="plain", slug="elsewhere")
    assert seen.place == "/studio/documents/a?done=published"
    assert "Other words." in at.preview("a")
    assert at.current("elsewhere") is None


def test_an_edit_that_changes_nothing_makes_no_edition(at: Scene) -> None:
    before = at.current("a")
    seen = at.visitor.write(EDIT, text=TEXT, format="plain", language="en")
    assert seen.place == "/studio/documents/a?done=unchanged"
    assert at.current("a") == before


def test_a_leading_blank_line_survives_the_form(at: Scene) -> None:
    at.visitor.write(EDIT, text="\n" + TEXT, format="plain")
    assert at.visitor.get(EDIT).typed == "\n" + TEXT


def test_a_large_file_leaves_nothing_open(at: Scene) -> None:
    body = b"A title\n\n" + b"Some words. " * 150_000
    assert at.visitor.write(slug="b", file=("b.txt", body), free="true").status == 303
    assert at.visitor.write(slug="c", file=("c.txt", body + b"\xff"), free="true").status == 422
    gc.collect()  # a file left open would say so here


# --- checking ----------------------------------------------------------------------------------


def test_a_check_shows_what_the_world_will_see_and_publishes_nothing(at: Scene) -> None:
    seen = at.visitor.write(action="check", slug="b", text=TEXT)
    assert seen.status == 200
    assert "Nothing to mend." in seen.text
    assert at.current("b") is None
    assert at.visitor.get("/documents/demo/b").status == 404
    at.visitor.write(slug="b", text=TEXT)
    assert article(seen.text) == article(at.preview("b"))
    assert "Paid words." not in article(seen.text)
    assert "lines 1 to 4" in seen.text


def test_a_checked_file_comes_back_as_text_to_publish(at: Scene) -> None:
    seen = at.visitor.write(
        action="check", file=("note.md", "# 标题\n\n正文。\n".encode()), free="true"
    )
    assert seen.typed == "# 标题\n\n正文。\n"
    assert seen.field("slug") == "note"
    assert '<option value="markdown" selected>' in seen.text


def test_a_checked_file_that_is_too_long_for_a_page_is_asked_for_again(at: Scene) -> None:
    body = b"A title\n\n" + b"Some words. " * 100_000
    seen = at.visitor.write(
        action="check", slug="b", text="typed before", file=("b.txt", body), free="true"
    )
    assert seen.status == 200
    assert "Choose it again below" in seen.text
    assert seen.typed == ""
    assert 'form="draft"' not in seen.text
    at.visitor.write(slug="b", file=("b.txt", body), free="true")
    page = at.visitor.get("/studio/documents/b/edit")
    assert page.typed == ""
    assert "too long to be edited here" in page.text
    assert at.visitor.write("/studio/documents/b/edit", text="").status == 422


def test_a_refused_file_that_is_too_long_for_a_page_leaves_the_typed_text(at: Scene) -> None:
    body = b"A title\n\n##paidbegin##" + b"Some words. " * 100_000
    seen = at.visitor.write(slug="b", text="typed before", file=("b.txt", body))
    assert (seen.status, seen.typed) == (422, "typed before")
    assert "<mark>##paidbegin##</mark>Some words." in seen.text


def test_the_preview_is_in_the_language_of_the_document(at: Scene) -> None:
    text = "标题\n\n免费的正文。##paidbegin##付费##paidend##"
    seen = at.visitor.write(action="check", slug="b", text=text)
    assert "付费" in article(seen.text)
    assert "characters" not in article(seen.text)


def article(page: str) -> str:
    """Return the text of the article that a page shows."""
    found = re.search(
        r'<article class="sheet[^>]*>.*?<div class="text">(.*?)</article>', page, re.S
    )
    assert found
    return found[1]


# --- refusals ----------------------------------------------------------------------------------

WRONG = "A title\n\nWords ##paidbegin##<b>never & closed\n"


@pytest.mark.parametrize("action", ["check", "publish"])
def test_findings_are_shown_at_their_places_with_the_line(at: Scene, action: str) -> None:
    before = at.preview("a")
    seen = at.visitor.write(EDIT, action, text=WRONG)
    assert seen.status == 422
    assert "1 place to mend" in seen.text
    assert "Line 3, column 7" in seen.text
    assert "Words <mark>##paidbegin##</mark>&lt;b&gt;never &amp; closed" in seen.text
    assert "unclosed: This ##paidbegin## is never closed." in seen.text
    assert seen.typed == WRONG
    assert at.preview("a") == before


FILES = {
    "empty": b"",
    "binary": bytes(range(256)) * 8,
    "nul": b"A title\n\n\0 words\n",
    "not-utf-8": b"A title\n\nCaf\xe9 \xff\xfe\xfd\n",
    "utf-16-without-mark": "A title\n\nWords\n".encode("utf-16-le"),
    "title": b"---\ntitle: " + b"x" * 10_000 + b"\n---\n\nWords.\n",
    "front-matter": b"---\ntitle: A title\n\nWords.\n",
    "no-title": b"##paidbegin##all of it##paidend##",
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused_with_its_reason(at: Scene, name: str) -> None:
    before = at.preview("a")
    for action in ("check", "publish"):
        seen = at.visitor.write(EDIT, action, text="typed before", file=("a.txt", FILES[name]))
        assert seen.status == 422
        assert "to mend" in seen.text
    assert at.preview("a") == before


def test_a_file_that_cannot_be_read_leaves_the_typed_text(at: Scene) -> None:
    seen = at.visitor.write(EDIT, text="typed before", file=("a.txt", FILES["binary"]))
    assert seen.typed == "typed before"


@pytest.mark.parametrize("slug", ["../x", "A", "a/b", "a b", "é", "a\0", "x" * 81, "..%2fx"])
def test_a_bad_address_is_refused_and_the_text_kept(at: Scene, slug: str) -> None:
    seen = at.visitor.write(slug=slug, text=TEXT)
    assert seen.status == 400
    assert "This address cannot be used." in seen.text
    assert seen.typed == TEXT


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"format": "pdf"}, 415),
        ({"format": "../plain"}, 415),
        ({"language": "not a language"}, 400),
        ({"language": "x" * 36}, 400),
        ({"edition": "0" * 32}, 412),
        ({"edition": "\0"}, 412),
    ],
)
def test_a_field_that_cannot_be_is_refused_and_the_text_kept(
    at: Scene, fields: dict[str, str], status: int
) -> None:
    seen = at.visitor.write(file=("", b""), **({"slug": "b", "text": TEXT} | fields))
    assert seen.status == status
    assert seen.typed == TEXT
    assert at.current("b") is None


def test_an_address_left_empty_is_made_of_the_title_and_is_no_other_document_s(at: Scene) -> None:
    for text, slug in ((TEXT, "a-title"), (OTHER, "a-title-2"), (TEXT, "a-title")):
        assert at.visitor.write(text=text).place == f"/studio/documents/{slug}?done=published"
    seen = at.visitor.write(file=("a.txt", OTHER.encode()))
    assert seen.place == "/studio/documents/a-2?done=published"
    before = at.current("a")
    assert before
    assert "Other words." not in at.preview("a")


@pytest.mark.parametrize("name", ["b.pdf", "b.txt", "b.docx"])
def test_a_file_of_another_kind_is_told_what_it_is_and_the_text_kept(at: Scene, name: str) -> None:
    seen = at.visitor.write(text=TEXT, file=(name, b"%PDF-1.7\n\xff\xfe\0"))
    assert seen.status in (415, 422)
    assert "This is a PDF" in seen.text
    assert seen.typed == TEXT


def test_a_file_of_no_known_kind_is_refused_and_the_text_kept(at: Scene) -> None:
    seen = at.visitor.write(slug="b", text=TEXT, file=("b.exe", b"words"))
    assert seen.status == 415
    assert seen.typed == TEXT


def test_a_document_above_the_limit_is_refused_and_the_text_kept() -> None:
    at = scene(max_upload="64KiB")
    text = "A title\n\n" + "x" * (64 << 10)
    seen = at.visitor.write(slug="b", text=text)
    assert seen.status == 413
    assert seen.typed == text
    seen = at.visitor.write(slug="b", text=TEXT, file=("b.txt", b"x" * ((64 << 10) + 1)))
    assert seen.status == 413


def test_a_form_above_all_limits_is_not_read_and_told_so_on_a_page() -> None:
    at = scene(max_upload="64KiB")
    seen = at.visitor.write(slug="b", file=("b.txt", b"x" * (2 << 20)))
    assert seen.status == 413
    assert seen.headers["cache-control"] == "private, no-store"
    assert "This is too large" in seen.text


def test_text_of_a_publisher_is_never_markup_nor_a_template(at: Scene) -> None:
    evil = "{{ 7 * 7 }} <script>alert(1)</script> {% print(1) %} %(x)s {0.__class__}"
    for action in ("check", "publish"):
        text = f"{evil}\n\n{evil}</textarea>\n"
        seen = at.visitor.write(action=action, slug="b", text=text, free="true")
        assert "<script>alert" not in seen.text
        assert seen.status in (200, 303)
    for path in ("/studio", "/studio/documents/b", "/studio/documents/b/edit"):
        page = at.visitor.get(path).text
        assert "<script>alert" not in page
        assert html.escape("<script>alert(1)</script>") in page
        assert "{{ 7 * 7 }}" in page


# --- forms that are not ours -------------------------------------------------------------------


def parts(at: Scene, **fields: str) -> list[tuple[str, bytes, str]]:
    """Return the parts of a good form, with fields changed."""
    page = at.visitor.get("/studio/new")
    good = {"csrf_token": page.field("csrf_token"), "edition": "", "action": "publish"}
    good |= {"slug": "b", "text": TEXT}
    return [(name, value.encode(), "") for name, value in (good | fields).items()]


@pytest.mark.parametrize("charset", ["utf-7", "latin-1", "gb18030", "nonsense"])
def test_a_form_in_another_charset_is_refused(at: Scene, charset: str) -> None:
    media_type = f"multipart/form-data; boundary=limit; charset={charset}"
    assert at.visitor.send_parts("/studio/new", parts(at), media_type).status == 415
    assert at.current("b") is None


def test_bytes_that_are_not_utf_8_are_refused_and_not_guessed(at: Scene) -> None:
    form = [part for part in parts(at) if part[0] != "text"] + [("text", b"Caf\xe9\n", "")]
    assert at.visitor.send_parts("/studio/new", form).status == 400
    assert at.current("b") is None


FILE = ("file", b"A title\n", '; filename="b.txt"')
BROKEN: list[list[tuple[str, bytes, str]]] = [
    [("slug", b"c", "")],
    [FILE, FILE],
    [(f"field-{number}", b"", "") for number in range(21)],
]


@pytest.mark.parametrize("more", BROKEN, ids=["twice", "two files", "many fields"])
def test_a_form_with_too_much_in_it_is_refused(
    at: Scene, more: list[tuple[str, bytes, str]]
) -> None:
    assert at.visitor.send_parts("/studio/new", [*parts(at), *more]).status == 400
    assert at.current("b") is None


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=other", 400),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
    ],
)
def test_what_is_no_form_with_a_file_is_refused(at: Scene, media_type: str, status: int) -> None:
    assert at.visitor.send_parts("/studio/new", parts(at), media_type).status == status
    assert at.current("b") is None


def test_a_form_of_another_session_is_handed_back_unpublished(at: Scene) -> None:
    seen = at.visitor.send_parts("/studio/new", parts(at, csrf_token="0" * 64))
    assert seen.status == 403
    assert seen.typed == TEXT
    assert at.current("b") is None


@pytest.mark.parametrize("how", ["it was over", "signed out in another tab"])
def test_a_text_that_comes_after_the_session_is_handed_back(at: Scene, how: str) -> None:
    written = parts(at)
    if how == "it was over":
        at.standing.clock.at += LIFE
    else:
        at.visitor.press("/studio", "/studio/signout")
        at.standing.clock.at += 1
    seen = at.visitor.send_parts("/studio/new", written)
    assert seen.status == 401
    assert seen.typed == TEXT
    assert "Your session has ended." in seen.text
    at.visitor.sign_in(at.key)
    seen = at.visitor.send_parts("/studio/new", written)
    assert (seen.status, seen.typed) == (403, TEXT)
    again = at.visitor.send_parts("/studio/new", parts(at, csrf_token=seen.field("csrf_token")))
    assert again.status == 303


def test_who_was_never_signed_in_is_not_read(at: Scene) -> None:
    seen = Visitor(at.standing).send_parts("/studio/new", parts(at))
    assert seen.status == 401
    assert TEXT not in seen.text


# --- two at once -------------------------------------------------------------------------------


def test_a_form_sent_twice_publishes_once(at: Scene) -> None:
    for path, slug in (("/studio/new", "b"), (EDIT, "a")):
        page = at.visitor.get(path)
        form = {name: page.field(name) for name in ("csrf_token", "edition")}
        form |= {"action": "publish", "slug": slug, "text": OTHER, "format": "plain"}
        assert at.visitor.hand_in(path, form).status == 303
        edition = at.current(slug)
        assert at.visitor.hand_in(path, form).status == 303
        assert at.current(slug) == edition


def test_an_edit_of_what_changed_shows_both_texts_and_goes_on_from_there(at: Scene) -> None:
    page = at.visitor.get(EDIT)
    form = {name: page.field(name) for name in ("csrf_token", "edition")}
    form |= {"action": "publish", "text": TEXT.replace("Free", "My"), "format": "plain"}
    theirs = at.publish("a", OTHER)
    seen = at.visitor.hand_in(EDIT, form)
    assert seen.status == 412
    assert "My words." in seen.typed
    assert "Other words." in seen.text
    assert at.current("a") == theirs
    seen = at.visitor.hand_in(EDIT, form | {"edition": seen.field("edition")})
    assert seen.status == 303
    assert "My words." in at.preview("a")


def test_a_new_document_never_replaces_one_that_is_there(at: Scene) -> None:
    before = at.current("a")
    seen = at.visitor.write(slug="a", text=OTHER)
    assert seen.status == 412
    assert "There is a document at this address already." in seen.text
    assert seen.typed == OTHER
    assert at.current("a") == before


def test_an_edit_of_what_was_deleted_can_bring_it_back(at: Scene) -> None:
    page = at.visitor.get(EDIT)
    form = {name: page.field(name) for name in ("csrf_token", "edition")}
    form |= {"action": "publish", "text": OTHER, "format": "plain"}
    gone = at.visitor.get("/studio/documents/a/delete")
    fields = {name: gone.field(name) for name in ("csrf_token", "edition")}
    at.visitor.submit("/studio/documents/a/delete", fields)
    seen = at.visitor.hand_in(EDIT, form)
    assert (seen.status, seen.typed) == (412, OTHER)
    assert at.visitor.hand_in(EDIT, form | {"edition": seen.field("edition")}).status == 303


# --- bounds ------------------------------------------------------------------------------------

CHINESE = "标题\n\n这是一段普通的中文内容。\n".encode("gb18030")


def called_on_the_loop(at: Scene, path: str, fields: dict[str, str], file: bytes) -> set[str]:
    """Return the files whose functions the event loop calls to answer a form with a file."""
    page = at.visitor.get(path)
    fields = {name: page.field(name) for name in ("csrf_token", "edition")} | fields
    parts = [(name, value.encode(), "") for name, value in fields.items()]
    body = multipart([*parts, ("file", file, '; filename="b.txt"')])
    headers = (("content-type", MULTIPART), ("cookie", at.visitor.cookie))
    seen: set[str] = set()

    async def answer() -> Answer:
        sys.setprofile(lambda frame, _event, _arg: seen.add(frame.f_code.co_filename))
        try:
            return await exchange(at.standing.app, "POST", path, headers, body)
        finally:
            sys.setprofile(None)

    assert anyio.run(answer).status in (303, 400, 412)
    return {name.partition("/gateway/")[2] for name in seen if "/gateway/" in name}


def test_a_file_that_comes_back_as_text_is_not_decoded_on_the_loop(at: Scene) -> None:
    fields = {"action": "check", "slug": "b", "language": "!!"}
    called = called_on_the_loop(at, "/studio/new", fields, CHINESE)
    assert "web/studio/editor.py" in called
    assert not [name for name in called if name.startswith("formats/decoding")]


def test_a_form_sent_twice_is_known_again_without_decoding(at: Scene) -> None:
    fields = {"action": "publish", "slug": "b", "language": "zh-CN", "free": "true"}
    called_on_the_loop(at, "/studio/new", fields, CHINESE)  # composed here, in tests
    called = called_on_the_loop(at, "/studio/new", fields, CHINESE)
    assert "usecases/publishing.py" in called
    assert not [name for name in called if name.startswith("formats/decoding")]


def test_what_is_far_too_long_for_a_field_is_not_read() -> None:
    formats = SourceFormats()
    assert Draft(file=b"a" * READABLE).read(formats)
    assert Draft(file=b"a" * (READABLE + 1)).read(formats) == ""
    assert Draft(text="a" * (READABLE + 1)).read(formats) == ""


# --- small parts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file_name", "slug"),
    [
        ("report.txt", "report"),
        ("Annual Report 2023 (final).MD", "annual-report-2023-final"),
        (r"C:\Users\me\My Text.html", "my-text"),
        ("../../etc/passwd", "passwd"),
        ("Café.txt", "cafe"),
        ("党建报告.txt", "dang-jian-bao-gao"),
        ("", ""),
        ("x" * 300 + ".txt", "x" * 80),
    ],
)
def test_a_slug_is_suggested_by_the_name_of_the_file(file_name: str, slug: str) -> None:
    assert suggested_slug(file_name) == slug


def test_an_excerpt_of_a_long_line_is_short() -> None:
    line = "前" * 5_000 + "##paidbegin##" + "后" * 5_000
    found = Finding(1, 5_001, FindingCode.UNCLOSED, "", "")
    (one,) = excerpts([found], line)
    assert one.place == "##paidbegin##"
    assert len(one.before) < 70
    assert len(one.after) < 70


def test_excerpts_stand_even_where_a_source_has_no_such_line() -> None:
    found = [Finding(9, 9, FindingCode.UNDECODABLE, "", "")] * (SHOWN + 1)
    shown = excerpts(found, "")
    assert len(shown) == SHOWN
    assert all(one.is_empty for one in shown)
