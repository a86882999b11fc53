"""Several files at once: each has its row, and none stops or loses another."""

from __future__ import annotations

import re
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest
from docx import Document
from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.companions import PICTURES
from gateway.core.documents import Address
from gateway.usecases.granting import GrantRequest
from gateway.web.studio.kinds import KINDS, FileKind, of_content, of_name
from gateway.web.studio.rows import MAX_KEPT
from gateway.web.studio.sessions import LIFE
from gateway.web.studio.uploads import MAX_FILES
from tests.support import pictures
from tests.support.asgi import exchange
from tests.web.visitor import MULTIPART, Scene, Seen, Visitor, add_publisher, multipart, scene

PAGE = "/studio/upload"
TEXT = "A title\n\nFree words.\n\n##paidbegin##Paid words.##paidend##\n"
OTHER = TEXT.replace("A title", "Another title")
BAD = "A title\n\nFree words.\n\n##paidbegin##Paid words.\n"
OPEN = "A title\n\nFree words.\n\nPaid words.\n\n##paidbegin##More.##paidend##\n"

File = tuple[str, bytes]


@pytest.fixture
def at() -> Scene:
    """Sign a publisher in who has one document, a."""
    made = scene()
    made.publish("a", TEXT)
    return made


def send(at: Scene, *files: File, action: str = "publish", **fields: str) -> Seen:
    """Choose files, as browsers do, and press a button."""
    fields = {"csrf_token": at.visitor.get(PAGE).field("csrf_token"), "action": action} | fields
    return hand_in(at.visitor, fields, *(("files", *file) for file in files))


def hand_in(visitor: Visitor, fields: dict[str, str], *files: tuple[str, str, bytes]) -> Seen:
    """Send fields and files: of each the field, the name and the bytes."""
    parts = [(name, value.encode(), "") for name, value in fields.items()]
    parts += [(field, body, f'; filename="{name}"') for field, name, body in files]
    return visitor.send_parts(PAGE, parts)


def again(at: Scene, seen: Seen, action: str = "publish", **changed: str) -> Seen:
    """Send the form of a page again, as it is but for what was changed in it; "" unticks."""
    form = LexborHTMLParser(seen.text).css_first("#batch")
    assert form
    fields = {"action": action}
    for each in form.css("input[name]:not([type=file])"):
        if each.attributes.get("type") != "checkbox" or "checked" in each.attributes:
            fields[str(each.attributes["name"])] = each.attributes.get("value") or ""
    changed = {name.replace("_", "-"): value for name, value in changed.items()}
    return hand_in(at.visitor, fields | changed)


def rows(seen: Seen) -> list[LexborNode]:
    """Return the rows of a page."""
    return LexborHTMLParser(seen.text).css("#rows > tbody")


def states(seen: Seen) -> list[str]:
    """Return what came of each file."""
    return [str(row.attributes["data-state"]) for row in rows(seen)]


def value(seen: Seen, name: str) -> str:
    """Return the value of a field."""
    found = LexborHTMLParser(seen.text).css_first(f'[name="{name}"]')
    assert found, name
    return str(found.attributes["value"])


def text(body: str) -> bytes:
    return body.encode()


# --- what is good ------------------------------------------------------------------------------


def test_files_are_published_under_their_names(at: Scene) -> None:
    seen = send(at, ("季度报告.txt", text(TEXT)), ("B c.md", text("# B\n\n" + TEXT)))
    assert states(seen) == ["published", "published"]
    assert at.current("ji-du-bao-gao")
    edition = at.current("b-c")
    assert edition
    assert edition.format == "markdown"
    assert "Another" not in seen.text
    assert "A title" in rows(seen)[0].text()


def test_bad_files_do_not_stop_good_ones(at: Scene) -> None:
    files = [(f"n{n}.txt", text((TEXT, BAD)[n % 2])) for n in range(6)]
    assert states(send(at, *files)) == ["published", "refused"] * 3
    assert [bool(at.current(f"n{n}")) for n in range(6)] == [True, False] * 3


def test_a_check_publishes_nothing_and_tells_title_and_address(at: Scene) -> None:
    seen = send(at, ("b.txt", text(OTHER)), action="check")
    assert states(seen) == ["ready"]
    assert "Another title" in rows(seen)[0].text()
    assert "2 free, 1 paid" in rows(seen)[0].text()
    assert value(seen, "slug-1") == "b"
    assert at.current("b") is None
    assert states(again(at, seen)) == ["published"]
    assert at.current("b")


def test_what_is_refused_is_told_at_its_place_and_can_be_sent_again(at: Scene) -> None:
    seen = send(at, ("b.txt", text(BAD)), ("c.txt", text("Title\n\nAll free.\n")))
    assert states(seen) == ["refused", "refused"]
    told = rows(seen)[0].text()
    assert "Line 5, column 1" in told
    assert "##paidbegin##Paid words." in told
    assert "##paidend##" in told
    assert "Nothing in this document is paid." in rows(seen)[1].text()
    seen = again(at, seen, free_2="true")
    assert states(seen) == ["refused", "published"]
    assert at.current("c")


# --- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "source", "slug"),
    [
        ("b.txt", TEXT, "b"),
        ("trees/index.md", TEXT, "trees"),
        ("……。txt.txt", TEXT, "txt"),
        ("……。.txt", TEXT, "a-title"),
        ("b.txt", "---\nslug: declared\n---\n" + TEXT, "declared"),
        ("x" * 200 + ".txt", TEXT, "x" * 80),
        ("../../etc/passwd.txt", TEXT, "passwd"),
        ("C:\\texts\\d.txt", TEXT, "d"),
    ],
)
def test_an_address_is_made_of_what_is_known(at: Scene, name: str, source: str, slug: str) -> None:
    seen = send(at, ("f.txt", text(source)), action="check", **{"name-1": name})
    # The name of the form counts, in whichever field the file comes.
    fields = {"csrf_token": seen.field("csrf_token"), "action": "publish", "name-1": name}
    seen = hand_in(at.visitor, fields, ("file-1", "file", text(source)))
    assert states(seen) == ["published"]
    assert at.current(slug)


def test_no_two_documents_get_the_same_address(at: Scene) -> None:
    seen = send(at, *((f"{n}/a.txt", text(OTHER + str(n))) for n in range(3)), action="check")
    assert [value(seen, f"slug-{n}") for n in (1, 2, 3)] == ["a-2", "a-3", "a-4"]
    assert "The address a has another document." in rows(seen)[0].text()
    assert states(again(at, seen)) == ["published"] * 3
    before = at.current("a")
    assert before
    assert before.title == "A title"


def test_addresses_that_other_rows_have_are_left_to_them(at: Scene) -> None:
    seen = send(at, ("b.txt", text(TEXT)), action="check", others="b b-2")
    assert value(seen, "slug-1") == "b-3"


def test_a_form_that_is_sent_twice_publishes_once(at: Scene) -> None:
    for _ in range(2):
        seen = send(at, ("b.txt", text(TEXT)))
        assert states(seen) == ["published"]
    assert at.current("b-2") is None


def test_a_form_that_is_sent_twice_publishes_once_beside_a_picture(at: Scene) -> None:
    async def put_picture() -> None:
        made = pictures.png()
        await at.standing.services.picturing.put(Address("demo", "b"), "a.png", made, PICTURES)

    anyio.run(put_picture)
    for _ in range(2):
        assert states(send(at, ("b.txt", text(TEXT)))) == ["published"]
    assert at.current("b-2") is None


def test_rights_to_what_was_deleted_open_nothing_new(at: Scene) -> None:
    async def grant_and_delete() -> None:
        services = at.standing.services
        await services.granting.grant("demo", GrantRequest("document:a"))
        await services.publishing.delete(Address("demo", "a"))

    anyio.run(grant_and_delete)
    assert states(send(at, ("a.txt", text(OTHER)))) == ["published"]
    assert at.current("a") is None
    assert at.current("a-2")


def test_an_address_can_be_changed_before_it_is_published(at: Scene) -> None:
    seen = send(at, ("b.txt", text(TEXT)), action="check")
    seen = again(at, seen, slug_1="Not One!")
    assert states(seen) == ["address"]
    assert value(seen, "slug-1") == "Not One!"
    assert states(again(at, seen, slug_1="chosen")) == ["published"]
    assert at.current("chosen")


# --- what asks first ---------------------------------------------------------------------------


def test_a_document_is_replaced_only_by_whoever_says_so(at: Scene) -> None:
    before = at.current("a")
    seen = send(at, ("b.txt", text(OTHER)), action="check")
    for action in ("check", "publish"):
        seen = again(at, seen, action, slug_1="a")
        assert states(seen) == ["taken"]
        assert "A title" in rows(seen)[0].text()
        assert at.current("a") == before
    seen = again(at, seen, edition_1=value(seen, "edition-1"))
    assert states(seen) == ["published"]
    assert "Another title" in at.preview("a")


def test_what_was_paid_becomes_public_only_with_a_tick(at: Scene) -> None:
    before = at.current("a")
    seen = again(at, send(at, ("b.txt", text(OPEN)), action="check"), slug_1="a")
    seen = again(at, seen, edition_1=value(seen, "edition-1"))
    assert states(seen) == ["newly-public"]
    assert "Paid words." in rows(seen)[0].text()
    assert at.current("a") == before
    seen = again(at, seen, agreed_1="0" * 32)
    assert states(seen) == ["newly-public"]
    assert at.current("a") == before
    seen = again(at, seen, agreed_1=value(seen, "agreed-1"))
    assert states(seen) == ["published"]
    assert "Paid words." in at.preview("a")


def test_an_edition_that_changed_meanwhile_is_not_replaced(at: Scene) -> None:
    seen = again(at, send(at, ("b.txt", text(OTHER)), action="check"), slug_1="a")
    ticked = value(seen, "edition-1")
    current = at.publish("a", TEXT + "More.\n")
    seen = again(at, seen, edition_1=ticked)
    assert states(seen) == ["taken"]
    assert value(seen, "edition-1") == current.id
    assert at.current("a") == current


# --- other kinds, and what is no file ----------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.what)
def test_a_file_of_another_kind_is_told_what_it_is_and_what_to_do(
    at: Scene, kind: FileKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    for suffix in kind.suffixes:
        assert of_name(f"b{suffix.upper()}") is kind
    monkeypatch.setenv("PATH", "")  # nothing that converts
    body = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    seen = send(at, (f"b{kind.suffixes[0]}", body), ("good.txt", text(TEXT)))
    assert states(seen) == ["other-kind", "published"]
    assert kind.what in rows(seen)[0].text()
    assert kind.how in rows(seen)[0].text()


@pytest.mark.parametrize(
    "begins", [begins for kind in KINDS for begins in kind.begins], ids=lambda begins: repr(begins)
)
def test_a_wrong_name_does_not_hide_what_a_file_is(at: Scene, begins: bytes) -> None:
    kind = next(kind for kind in KINDS if begins in kind.begins)
    seen = send(at, ("b.txt", begins + bytes(range(256))))
    assert states(seen) == ["other-kind"]
    assert kind.what in rows(seen)[0].text()


def test_a_word_document_under_another_name_is_told_so() -> None:
    body = b"PK\x03\x04" + bytes(80_000) + b"word/document.xml" + bytes(90)
    found = of_content("b.txt", body)
    assert found
    assert ".docx" in found.how
    assert of_content("b.docx", body) is None


def test_nothing_chosen_is_told(at: Scene) -> None:
    seen = send(at)
    assert seen.status == 400
    assert "No file was chosen." in seen.text


def test_a_file_above_the_limit_is_told_so_and_stops_none() -> None:
    at = scene(max_upload="64KiB")
    seen = send(at, ("big.txt", b"x" * (65 << 10)), ("b.txt", text(TEXT)))
    assert states(seen) == ["too-large", "published"]


def test_what_came_before_the_limit_of_a_form_is_kept() -> None:
    at = scene(max_upload="64KiB")
    token = at.visitor.get(PAGE).field("csrf_token")
    files = [("b.txt", text(TEXT)), ("big.txt", b"x" * (300 << 10)), ("c.txt", text(TEXT))]
    parts = [("csrf_token", token.encode(), "")]
    parts += [("files", body, f'; filename="{name}"') for name, body in files]
    headers = [("content-type", MULTIPART), ("cookie", at.visitor.cookie)]
    sent = partial(exchange, at.standing.app, "POST", PAGE, headers, multipart(parts), piece=4096)
    answer = anyio.run(sent)
    seen = Seen(answer.status, answer.body.decode(), {}, ())
    assert seen.status == 413
    assert states(seen) == ["waiting"]
    assert "These files are too large together." in seen.text
    assert states(again(at, seen)) == ["published"]


def test_more_files_than_a_form_has_room_for_are_told(at: Scene) -> None:
    many = [(f"n{n}.txt", text(TEXT)) for n in range(MAX_FILES + 1)]
    seen = send(at, *many)
    assert seen.status == 400
    assert "too many files" in seen.text
    assert at.current("n0") is None


# --- nothing is lost ---------------------------------------------------------------------------


def test_a_page_keeps_the_files_that_it_has_room_for(at: Scene) -> None:
    big = b"A title\n\n##paidbegin##" + b"Some words. " * (MAX_KEPT // 12)
    seen = send(at, ("big.txt", big), ("b.txt", text(BAD)))
    assert states(seen) == ["refused", "refused"]
    assert 'name="kept-1"' not in seen.text
    assert value(seen, "kept-2") == b64encode(text(BAD)).decode()
    assert 'name="file-1"' in seen.text
    seen = again(at, seen)
    assert states(seen) == ["gone", "refused"]
    assert value(seen, "slug-1") == value(seen, "slug-2") == ""
    assert "big.txt" in rows(seen)[0].text()


def test_a_file_that_is_chosen_again_takes_the_place_of_its_row(at: Scene) -> None:
    seen = send(at, ("b.txt", text(BAD)))
    fields = {"csrf_token": seen.field("csrf_token"), "action": "publish", "name-1": "b.txt"}
    fields |= {"slug-1": "mended", "kept-1": value(seen, "kept-1")}
    seen = hand_in(at.visitor, fields, ("file-1", "b2.txt", text(TEXT)), ("files", "", b""))
    assert states(seen) == ["published"]
    assert at.current("mended")


@pytest.mark.parametrize("how", ["it was over", "signed out in another tab"])
def test_files_that_come_after_the_session_are_handed_back(at: Scene, how: str) -> None:
    fields = {"csrf_token": at.visitor.get(PAGE).field("csrf_token"), "action": "publish"}
    if how == "it was over":
        at.standing.clock.at += LIFE
    else:
        at.visitor.press("/studio", "/studio/signout")
        at.standing.clock.at += 1
    seen = hand_in(at.visitor, fields, ("files", "b.txt", text(TEXT)))
    assert (seen.status, states(seen)) == (401, ["waiting"])
    assert "Your files are kept here." in seen.text
    at.visitor.sign_in(at.key)
    seen = again(at, seen)
    assert (seen.status, states(seen)) == (403, ["waiting"])
    assert at.current("b") is None
    assert states(again(at, seen)) == ["published"]


def test_a_script_gets_its_row_and_no_copy_of_its_file(at: Scene) -> None:
    fields = {"csrf_token": at.visitor.get(PAGE).field("csrf_token"), "script": "1"}
    fields |= {"action": "check", "name-7": "报告.txt"}
    seen = hand_in(at.visitor, fields, ("file-7", "file", text(BAD)))
    assert [row.attributes["id"] for row in rows(seen)] == ["row-7"]
    assert "kept-7" not in seen.text
    assert "file-7" not in seen.text


def test_the_page_sends_to_this_site_alone(at: Scene) -> None:
    policy = at.visitor.get(PAGE).headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
    inline = r"<script(?![^>]* src=)|<style| on[a-z]+=| style="
    assert not re.search(inline, at.visitor.get(PAGE).text)


def test_no_file_goes_to_the_disk_of_its_own(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")  # as one that is full
    body = b"A title\n\n##paidbegin##" + b"Some words. " * 150_000 + b"##paidend##"
    assert states(send(at, ("large.txt", body))) == ["published"]


def test_an_older_word_document_is_converted_where_something_can(at: Scene, tmp_path: Path) -> None:
    made, word = tmp_path / "old.docx", Document()
    for line in TEXT.splitlines():
        word.add_paragraph(line)
    word.save(str(made))
    where = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = ["soffice", where, "--headless", "--convert-to", "doc:MS Word 97", "--outdir"]
    subprocess.run([*convert, str(tmp_path), str(made)], check=True, capture_output=True)
    old = made.with_suffix(".doc").read_bytes()
    assert states(send(at, ("old.doc", old))) == ["published"]
    assert "Free words." in at.preview("old")
    assert "Paid words." not in at.preview("old")


# --- what is not a form of ours ----------------------------------------------------------------


def test_who_was_never_signed_in_is_not_read(at: Scene) -> None:
    seen = hand_in(Visitor(at.standing), {"action": "publish"}, ("files", "b.txt", text(TEXT)))
    assert seen.status == 401
    assert "b.txt" not in seen.text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("kept-1", "not base64!"),
        ("slug-0", "zero"),
        ("slug-99999", "far"),
        ("slug-१", "a digit elsewhere"),
        ("edition-1", "\0"),
        ("others", "x " * 5_000),
    ],
)
def test_a_field_that_cannot_be_does_no_harm(at: Scene, name: str, told: str) -> None:
    before = at.current("a")
    seen = send(at, ("a.txt", text(OTHER)), **{name: told})
    assert seen.status in (200, 400)
    assert at.current("a") == before


EVIL = ['"><script>alert(1)</script>', "{{ 7 * 7 }}{% print(1) %}", "%(x)s{0.__class__}", "a\r\nb"]


@pytest.mark.parametrize("name", EVIL)
def test_names_and_titles_are_never_markup_nor_templates(at: Scene, name: str) -> None:
    fields = {"csrf_token": at.visitor.get(PAGE).field("csrf_token"), "action": "check"}
    fields |= {"name-1": f"{name}.txt", "slug-1": name}
    seen = hand_in(at.visitor, fields, ("file-1", "f", text(f"{name}\n\n{TEXT}")))
    assert seen.status == 200
    assert "<script>alert" not in seen.text
    assert "49" not in rows(seen)[0].text()


# --- publishers apart --------------------------------------------------------------------------

ASKED: list[Callable[[Scene], dict[str, str]]] = [
    lambda _: {},
    lambda _: {"slug-1": "theirs"},
    lambda at: {"slug-1": "theirs", "edition-1": getattr(at.current("theirs", "other"), "id", "0")},
    lambda _: {"slug-1": "other/theirs"},
    lambda _: {"others": "theirs other"},
]


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("action", ["check", "publish"])
def test_nothing_of_another_publisher_is_seen_or_changed(
    asked: Callable[[Scene], dict[str, str]], action: str
) -> None:
    told = []
    for has_document in (True, False):
        at = scene()
        add_publisher(at.standing, "other")
        if has_document:
            at.publish("theirs", OTHER, publisher="other")
        theirs = at.current("theirs", "other")
        token = at.visitor.get(PAGE).field("csrf_token")
        fields = {"csrf_token": token, "action": action, "name-1": "theirs.txt"} | asked(at)
        seen = hand_in(at.visitor, fields, ("file-1", "f", text(OPEN)))
        told.append((seen.status, rows(seen)[0].html))
        assert at.current("theirs", "other") == theirs
    if "edition-1" not in asked(at):
        assert told[0] == told[1]
    assert "Another title" not in str(told)
