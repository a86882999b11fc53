"""Word documents by every way in: API, studio and command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anyio import to_thread

from gateway.core.documents import Address
from gateway.core.errors import Refused, Unsupported
from gateway.formats import docx
from gateway.process import Exhausted, cpu_limit
from gateway.rendering.workers import Elsewhere, compare_versions
from gateway.usecases.composing import Task
from gateway.usecases.submissions import Submission
from tests.cli.test_command_line import run
from tests.properties.canaries import found_in, needles
from tests.support import word
from tests.support.asgi import exchange
from tests.support.services import NOW
from tests.web.caller import open_api
from tests.web.visitor import Scene, scene

pytestmark = pytest.mark.anyio

TEXT = "A Word title\nFree words.\n##paidbegin##Paid zebra words.##paidend##\nThe end."
BODY = word.of_text(TEXT)
BROKEN = word.of_text("A Word title\nFree ##paidbegin##words zebra without an end.")
TYPE = {"content_type": word.MEDIA_TYPE}
OCTETS = {"content_type": "application/octet-stream"}
PLACE = "/api/documents/w"
BOMB = Path("tests/corpus/docx/bombs/tiny-paragraphs.docx").read_bytes()


# --- API ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [TYPE, OCTETS | {"content_disposition": "attachment; filename*=UTF-8''%E5%AD%A3.docx"}],
)
async def test_a_word_document_is_published_and_its_paid_words_are_not(
    headers: dict[str, str],
) -> None:
    standing, api = await open_api()
    answer = await api.send("PUT", PLACE, BODY, **headers)
    assert answer.status == 201
    told = answer.json
    assert (told["format"], told["title"]) == ("docx", "A Word title")
    preview = await exchange(standing.app, "GET", "/documents/demo/w.md")
    assert b"Free words." in preview.body
    assert b"zebra" not in preview.body


async def test_octets_without_a_name_or_with_another_are_refused() -> None:
    _, api = await open_api()
    for more in ({}, {"content_disposition": 'attachment; filename="w.xlsx"'}):
        assert (await api.send("PUT", PLACE, BODY, **OCTETS, **more)).status == 415


async def test_the_source_comes_back_byte_for_byte_to_its_publisher_alone() -> None:
    standing, api = await open_api()
    await api.send("PUT", PLACE, BODY, **TYPE)
    source = await api.send("GET", f"{PLACE}/source")
    assert (source.body, source.header("content-type")) == (BODY, word.MEDIA_TYPE)
    _, token = await standing.grant("document:w")
    bearer = [("authorization", f"Bearer {token}")]
    for path in ("/documents/demo/w", "/read/demo/w", f"{PLACE}/source"):
        for target in (path, f"{path}.docx"):
            assert BODY[:4] not in (await exchange(standing.app, "GET", target, bearer)).body


async def test_the_same_document_again_changes_nothing_and_goes_round() -> None:
    _, api = await open_api()
    first = json.loads((await api.send("PUT", PLACE, BODY, **TYPE)).body)
    again = await api.send("PUT", PLACE, BODY, **TYPE)
    assert (again.status, again.json["edition"]) == (200, first["edition"])


async def test_a_refusal_names_the_paragraph_to_its_publisher_and_in_no_log(
    logged: list[dict[str, object]],
) -> None:
    _, api = await open_api()
    answer = await api.send("PUT", PLACE, BROKEN, **TYPE)
    assert answer.status == 422
    (finding,) = answer.json["findings"]
    assert (finding["code"], finding["line"], finding["column"]) == ("unclosed", 2, None)
    assert finding["words"].startswith("Free ##paidbegin##words zebra")
    assert found_in(repr(logged).encode(), needles(["words zebra without"])) == []


async def test_words_that_become_public_are_told_by_their_paragraph() -> None:
    _, api = await open_api()
    await api.send("PUT", PLACE, BODY, **TYPE)
    free = word.of_text(TEXT.replace("##paidbegin##", "").replace("##paidend##", ""))
    answer = await api.send("PUT", f"{PLACE}?free=true", free, **TYPE)
    warned = [each for each in answer.json["warnings"] if each["words"]]
    assert [(each["code"], each["line"], each["words"]) for each in warned] == [
        ("newly-public", 3, "Paid zebra words.")
    ]


def test_a_document_that_is_refused_today_is_compared_with_nothing() -> None:
    assert compare_versions((b"PK", "docx"), (BODY, "docx")) == ()


# --- in a process of its own -------------------------------------------------------------------


async def test_a_process_reads_a_document_and_refuses_a_bomb() -> None:
    elsewhere = Elsewhere("")
    address = Address("demo", "w")
    made = await elsewhere.compose(Task(Submission(address, BODY, "docx"), "e1", NOW, None))
    assert made.edition.title == "A Word title"
    with pytest.raises(Refused):
        await elsewhere.prepare(Submission(address, BOMB, "docx"), NOW)


def test_what_takes_too_long_is_ended() -> None:
    def spin() -> None:
        while True:
            pass

    with pytest.raises(Exhausted), cpu_limit(0.01):
        spin()


async def test_an_older_document_needs_a_program_that_makes_it_newer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    _, api = await open_api()
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000)
    answer = await api.send("PUT", PLACE, old, content_type="application/msword")
    assert answer.status == 415
    assert "save it as .docx" in answer.json["hint"]
    with pytest.raises(Unsupported):
        docx.decode(old, None)


# --- studio ------------------------------------------------------------------------------------


@pytest.fixture
def at() -> Scene:
    """Sign a publisher in."""
    return scene()


def test_a_word_file_is_uploaded_and_its_edit_is_an_upload_too(at: Scene) -> None:
    seen = at.visitor.write(file=("Report.docx", BODY))
    assert (seen.status, seen.place) == (303, "/studio/documents/report?done=published")
    page = at.visitor.get("/studio/documents/report/edit")
    assert "is edited in the program that made it" in page.text
    assert 'href="/studio/documents/report/source"' in page.text
    changed = word.of_text(TEXT.replace("Free", "Other free"))
    at.visitor.write("/studio/documents/report/edit", file=("Report.docx", changed), format="docx")
    assert "Other free words." in at.preview("report")


def test_the_studio_hands_the_file_back_to_its_publisher(at: Scene) -> None:
    at.visitor.write(file=("report.docx", BODY))
    answer = at.visitor._client.get("/studio/documents/report/source")
    assert answer.content == BODY
    assert answer.headers["content-disposition"] == 'attachment; filename="report.docx"'
    stranger = scene()
    assert stranger.visitor._client.get("/studio/documents/report/source").content != BODY


def test_a_refusal_in_the_studio_shows_the_paragraph(at: Scene) -> None:
    seen = at.visitor.write(file=("report.docx", BROKEN))
    assert seen.status == 422
    assert "Paragraph 2" in seen.text
    assert "words zebra without" in seen.text
    assert "choose it again" in seen.text


def test_a_word_file_is_looked_at_before_it_is_published(at: Scene) -> None:
    seen = at.visitor.write(action="check", file=("report.docx", BODY))
    assert seen.status == 200
    assert "Free words." in seen.text
    assert "Choose it again below" in seen.text


def test_words_that_become_public_are_agreed_to(at: Scene) -> None:
    at.visitor.write(file=("report.docx", BODY))
    free = word.of_text(TEXT.replace("##paidbegin##", "").replace("##paidend##", ""))
    edit = "/studio/documents/report/edit"
    seen = at.visitor.write(edit, file=("report.docx", free), format="docx", free="true")
    assert seen.status == 409
    assert "Paid zebra words." in seen.text
    agreed = seen.field("agreed")
    seen = at.visitor.write(
        edit, file=("report.docx", free), format="docx", free="true", agreed=agreed
    )
    assert seen.status == 303


# --- command line ------------------------------------------------------------------------------


async def test_a_folder_of_word_files_is_checked_divided_and_published(tmp_path: Path) -> None:
    folder = tmp_path / "sources" / "demo"
    folder.mkdir(parents=True)
    (folder / "report.docx").write_bytes(BODY)
    (folder / "broken.docx").write_bytes(BROKEN)

    def work() -> None:
        told = run(tmp_path, "check", folder)
        assert told.exit_code == 1
        assert told.stdout.startswith(f"{folder / 'broken.docx'}:2:1: unclosed: ")
        assert "(Free ##paidbegin##words zebra" in told.stdout
        told = run(tmp_path, "split", folder / "report.docx")
        assert [line.split()[0] for line in told.stdout.splitlines()] == ["free", "paid", "free"]
        told = run(tmp_path, "publish", folder / "report.docx")
        assert told.exit_code == 0
        assert "1 published" in told.stderr
        told = run(tmp_path, "publish", folder / "report.docx")
        assert "1 unchanged" in told.stderr

    await to_thread.run_sync(work)
