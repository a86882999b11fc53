"""Findings and warnings are told alike on every surface, and so is what becomes public."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
from anyio import to_thread
from click.testing import CliRunner

from gateway.__main__ import cli
from gateway.core.documents import Address
from gateway.core.errors import NewlyPublic
from gateway.core.findings import WARNINGS, Finding, FindingCode
from gateway.rendering.pages import LANGUAGES, Language
from gateway.rendering.workers import pages
from gateway.usecases.submissions import Submission
from gateway.web.studio.words import WORDS
from tests.support.answers import Answer
from tests.support.chosen import Chosen
from tests.support.samples import media_types
from tests.support.services import Standing
from tests.web.caller import Caller, open_api
from tests.web.visitor import Scene, Seen, scene

pytestmark = pytest.mark.anyio

PAID = "##paidbegin##Paid words of some length.##paidend##"
TEXT = f"A title\n\nFree words.\n\n{PAID}\n"
OPEN = TEXT.replace("##paidbegin##", "").replace("##paidend##", "")
OF_WHAT_STOOD_BEFORE = {FindingCode.NEWLY_PUBLIC, FindingCode.HOLDERS}


class Sample(NamedTuple):
    """A source for which a code is told."""

    suffix: str
    text: str | bytes


SAMPLES: Mapping[FindingCode, Sample] = {
    FindingCode.UNCLOSED: Sample("md", "# T\n\nFree ##paidbegin##paid"),
    FindingCode.UNOPENED: Sample("md", f"# T\n\nFree ##paidend## {PAID}"),
    FindingCode.NESTED: Sample("txt", "T\n\n##paidbegin##a ##paidbegin##b##paidend##"),
    FindingCode.MISMATCHED: Sample("txt", "T\n\n##paidbegin##a$$paidend$$"),
    FindingCode.SUSPECT: Sample("txt", f"T\n\n＃＃paidbegin＃＃ {PAID}"),
    FindingCode.IN_MARKUP: Sample(
        "html", f"<h1>T</h1><p title='##paidbegin##a##paidend##'>b</p>{PAID}"
    ),
    FindingCode.ESCAPED: Sample("md", f"# T\n\n\\##paidbegin## {PAID}"),
    FindingCode.NOTHING_PAID: Sample("md", "# T\n\nFree."),
    FindingCode.DRAFT: Sample("md", f"---\ntitle: T\ndraft: true\n---\n\n{PAID}"),
    FindingCode.FRONT_MATTER: Sample("md", f"---\ntitle：T\n---\n\nFree. {PAID}"),
    FindingCode.UNDECODABLE: Sample("txt", b"T\n\n\xff\xfe\xfd" + PAID.encode()),
    FindingCode.NO_TITLE: Sample("txt", PAID),
    FindingCode.TOO_LARGE: Sample("md", f"---\ntitle: {'x' * 500}\n---\n\nFree. {PAID}"),
    FindingCode.FOREIGN_WALL: Sample("md", f"# T\n\n[paid]Free[/paid] {PAID}"),
    FindingCode.HIDDEN: Sample("html", f"<h1>T</h1><p hidden>no</p><p>Free</p>{PAID}"),
    FindingCode.UNKNOWN_FIELD: Sample("md", f"---\ntitle: T\nlayuot: post\n---\n\nFree. {PAID}"),
    FindingCode.EMPTY_SECTION: Sample("txt", f"T\n\n##paidbegin## ##paidend## Free. {PAID}"),
    FindingCode.NEARLY_ALL_FREE: Sample("txt", f"T\n\n{'Free words. ' * 1_000}\n\n{PAID}"),
    FindingCode.BLOCKED_PICTURE: Sample("md", f"# T\n\n![a](http://example.org/a.png) {PAID}"),
    FindingCode.MISSING_PICTURE: Sample("md", f"# T\n\n![a](a.png) {PAID}"),
    FindingCode.LEFT_OUT: Sample(
        "md", f'# T\n\n<iframe src="https://example.org/v"></iframe>\n\nFree. {PAID}'
    ),
}
EVERY_SAMPLE = pytest.mark.parametrize("code", SAMPLES)


def body_of(code: FindingCode) -> bytes:
    """Return the sample of a code, as it is sent."""
    text = SAMPLES[code].text
    return text if isinstance(text, bytes) else text.encode()


# --- each code ---------------------------------------------------------------------------------


@pytest.mark.parametrize("code", FindingCode)
def test_every_code_is_sampled_or_is_of_what_stood_before(code: FindingCode) -> None:
    assert (code in SAMPLES) != (code in OF_WHAT_STOOD_BEFORE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", FindingCode)
def test_every_code_has_words_for_people(code: FindingCode, language: Language) -> None:
    say = pages().gettext(language)
    for words in WORDS[code]:
        assert say(words)
        assert (say(words) == words) == (language == "en")


# --- the same on every surface -----------------------------------------------------------------


@EVERY_SAMPLE
async def test_a_code_is_told_alike_by_api_command_line_and_studio(
    code: FindingCode, tmp_path: Path
) -> None:
    told = {
        "check": await checked(code),
        "publish": await published(code),
        "paidgate check": checked_here(code, tmp_path, "--json"),
        "paidgate check, in lines": checked_here(code, tmp_path),
        "studio": await to_thread.run_sync(checked_in_studio, code),
    }
    assert code in told["check"]
    assert {surface: codes for surface, codes in told.items() if codes != told["check"]} == {}


async def checked(code: FindingCode) -> set[str]:
    """Return the codes that a check by the API tells."""
    return codes_in(await sent(code, "POST", "/api/documents/new/check"))


async def published(code: FindingCode) -> set[str]:
    """Return the codes that publication by the API tells."""
    answer = await sent(code, "PUT", "/api/documents/new")
    assert answer.status == (201 if code in WARNINGS else 422)
    return codes_in(answer)


async def sent(code: FindingCode, method: str, place: str) -> Answer:
    _, publisher = await open_api()
    media_type = media_types()[SAMPLES[code].suffix]
    return await publisher.send(method, place, body_of(code), content_type=media_type)


def codes_in(answer: Answer) -> set[str]:
    return codes_of(answer.json)


def codes_of(told: Mapping[str, Any]) -> set[str]:
    """Return the codes told; each is a warning or a finding, and never both."""
    found = {one["code"] for one in told.get("findings", ())}
    warned = {one["code"] for one in told.get("warnings", ())}
    assert warned <= WARNINGS
    assert not found & WARNINGS
    return found | warned


def checked_here(code: FindingCode, folder: Path, *options: str) -> set[str]:
    """Return the codes that a check by the command line tells."""
    file = folder / f"sample.{SAMPLES[code].suffix}"
    file.write_bytes(body_of(code))
    told = CliRunner().invoke(cli, ["check", str(file), *options])
    assert told.exit_code == (0 if code in WARNINGS else 1)
    if options:
        return codes_of(json.loads(told.stdout)[0])
    return set(re.findall(rf"^{file}:\d+:\d+: (?:warning: )?([a-z-]+): ", told.stdout, re.M))


def checked_in_studio(code: FindingCode) -> set[str]:
    """Return the codes that a check in the studio tells."""
    file = (f"sample.{SAMPLES[code].suffix}", body_of(code))
    seen = scene().visitor.write(action="check", slug="new", file=file)
    assert seen.status == (200 if code in WARNINGS else 422)
    return set(re.findall(r'class="finding-words"[^>]*>([a-z-]+)', seen.text))


@pytest.mark.skipif(Chosen.kind != "memory", reason="it has parts of its own")
def test_a_folder_is_published_with_the_same_codes(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    for code, sample in SAMPLES.items():
        (folder / f"{code}.{sample.suffix}").write_bytes(body_of(code))
    given = [str(path) for path in sorted(folder.iterdir())]  # named, or drafts would be skipped
    environment = {"PAIDGATE_DATA": str(tmp_path / "var"), "PAIDGATE_REDIS": "none"}
    told = CliRunner().invoke(cli, ["publish", *given], env=environment)
    assert told.exit_code == 1
    lines = re.findall(r"/demo/([a-z-]+)\.\w+:\d+:\d+: (?:warning: )?([a-z-]+): ", told.stdout)
    assert {(code, code) for code in map(str, SAMPLES)} <= set(lines)
    count = len([code for code in SAMPLES if code in WARNINGS])
    assert f"{count} published, 0 unchanged, {len(SAMPLES) - count} refused" in told.stderr


# --- nothing paid ------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "status"), [("", 422), ("false", 422), ("true", 201)])
async def test_a_document_in_which_nothing_is_paid_is_declared_free(
    query: str, status: int
) -> None:
    _, publisher = await open_api()
    place = "/api/documents/new" + (f"?free={query}" if query else "")
    answer = await publisher.send("PUT", place, OPEN.encode(), content_type="text/plain")
    assert answer.status == status


@pytest.mark.parametrize("query", ["free=yes", "free=", "free=1", "free=true&free=true"])
async def test_what_is_neither_true_nor_false_declares_nothing(query: str) -> None:
    _, publisher = await open_api()
    for method, place in (("PUT", ""), ("POST", "/check")):
        answer = await publisher.send(
            method, f"/api/documents/new{place}?{query}", TEXT.encode(), content_type="text/plain"
        )
        assert (answer.status, answer.json["where"]) == (400, "free")


@pytest.mark.parametrize("blank", ["", " ", "\n\u200b\n"])
async def test_an_empty_section_is_nothing_paid(blank: str) -> None:
    _, publisher = await open_api()
    text = f"Title\n\nFree.##paidbegin##{blank}##paidend## More.".encode()
    answer = await publisher.send("PUT", "/api/documents/new", text, content_type="text/plain")
    assert codes_in(answer) == {FindingCode.NOTHING_PAID}


async def test_an_offer_of_nothing_is_refused_in_any_case() -> None:
    _, publisher = await open_api()
    text = b"---\noffer: {name: all of it}\n---\nTitle\n\nFree."
    answer = await publisher.send(
        "PUT", "/api/documents/new?free=true", text, content_type="text/plain"
    )
    assert (answer.status, codes_in(answer)) == (422, {FindingCode.NOTHING_PAID})


async def test_what_was_declared_free_once_is_not_free_for_good() -> None:
    _, publisher = await open_api()
    for query, status in (("?free=true", 201), ("", 422), ("?free=true", 200)):
        answer = await publisher.send(
            "PUT", f"/api/documents/new{query}", OPEN.encode(), content_type="text/plain"
        )
        assert answer.status == status


# --- newly public ------------------------------------------------------------------------------

Act = Callable[[Standing, Caller], Awaitable[Any]]
PLAIN = {"content_type": "text/plain"}


async def put(publisher: Caller, text: str, media_type: str = "text/plain") -> Any:
    place = "/api/documents/d?free=true"
    return json.loads(
        (await publisher.send("PUT", place, text.encode(), content_type=media_type)).body
    )


async def edit(_: Standing, publisher: Caller) -> Any:
    return await put(publisher, OPEN)


async def upload_in_another_format(_: Standing, publisher: Caller) -> Any:
    return await put(publisher, f"<h1>A title</h1><p>{OPEN}</p>", "text/html")


async def publish_after_a_deletion(_: Standing, publisher: Caller) -> Any:
    await publisher.ask("DELETE", "/api/documents/d")
    return await put(publisher, OPEN)


async def the_same_again(_: Standing, publisher: Caller) -> Any:
    await put(publisher, OPEN)
    return await put(publisher, OPEN)


async def the_same_in_another_way(_: Standing, publisher: Caller) -> Any:
    await put(publisher, OPEN)
    return await put(publisher, OPEN, "text/plain; charset=utf-8")


async def check(_: Standing, publisher: Caller) -> Any:
    place = "/api/documents/d/check?free=true"
    return json.loads((await publisher.send("POST", place, OPEN.encode(), **PLAIN)).body)


async def roll_back(_: Standing, publisher: Caller, **headers: str) -> Any:
    """Make the document paid again, and then go back to when it was free."""
    opened = (await put(publisher, OPEN))["edition"]
    await put(publisher, TEXT)
    place = f"/api/documents/d/editions/{opened}/publish"
    return await publisher.ask("POST", place, **headers)


async def roll_back_twice(standing: Standing, publisher: Caller) -> Any:
    """Do it with a key, and ask for the answer once more."""
    first = await roll_back(standing, publisher, idempotency_key="k")
    place = f"/api/documents/d/editions/{first['edition']}/publish"
    return await publisher.ask("POST", place, idempotency_key="k")


async def publish_from_a_folder(standing: Standing, _: Caller) -> Any:
    submission = Submission(Address("demo", "d"), OPEN.encode(), "plain", free=True)
    published = await standing.services.publishing.publish(submission)
    return {"warnings": [{"code": w.code, "line": w.line} for w in published.warnings]}


@pytest.mark.parametrize(
    "act",
    [
        *(edit, upload_in_another_format, publish_after_a_deletion, the_same_again),
        *(the_same_in_another_way, check, roll_back, roll_back_twice, publish_from_a_folder),
    ],
)
async def test_an_act_that_makes_paid_text_public_says_so(act: Act) -> None:
    standing, publisher = await open_api()
    await put(publisher, TEXT)
    told = await act(standing, publisher)
    assert [w["line"] for w in told["warnings"] if w["code"] == FindingCode.NEWLY_PUBLIC] == [5]


async def test_an_act_that_makes_nothing_public_says_nothing() -> None:
    _, publisher = await open_api()
    for text in (TEXT, TEXT.replace("Free words", "Other words"), TEXT + PAID, TEXT):
        assert (await put(publisher, text))["warnings"] == []


async def test_nothing_is_published_where_nobody_agrees_to_it() -> None:
    standing, publisher = await open_api()
    edition = (await put(publisher, TEXT))["edition"]
    publishing, asked = standing.services.publishing, []

    async def refuse(lines: Sequence[Finding]) -> bool:
        asked.append([one.line for one in lines])
        return False

    submission = Submission(Address("demo", "d"), OPEN.encode(), "plain", free=True)
    with pytest.raises(NewlyPublic) as told:
        await publishing.publish(submission, agree=refuse)
    assert asked == [[5]]
    assert [one.line for one in told.value.findings] == [5]
    assert (await publishing.current(submission.address)).id == edition


# --- holders -----------------------------------------------------------------------------------


async def codes_after(publisher: Caller, text: str = OPEN) -> list[str]:
    return [warning["code"] for warning in (await put(publisher, text))["warnings"]]


async def test_rights_to_what_is_no_longer_paid_are_told() -> None:
    standing, publisher = await open_api()
    grant, _ = await standing.grant("document:d", term="30d")
    assert FindingCode.HOLDERS in await codes_after(publisher)
    assert FindingCode.HOLDERS not in await codes_after(publisher, TEXT)
    await publisher.send("DELETE", f"/api/grants/{grant.id}")
    assert FindingCode.HOLDERS not in await codes_after(publisher)


async def test_rights_that_have_ended_hold_nothing() -> None:
    standing, publisher = await open_api()
    await standing.grant("document:d", term="1d")
    standing.clock.at += 2 * 86_400
    assert FindingCode.HOLDERS not in await codes_after(publisher)


async def test_codes_that_are_open_are_rights_too() -> None:
    _, publisher = await open_api()
    (code,) = await publisher.make_codes(scope="document:d")
    assert FindingCode.HOLDERS in await codes_after(publisher)
    await put(publisher, TEXT)
    await publisher.send("DELETE", f"/api/codes/{code['id']}")
    assert FindingCode.HOLDERS not in await codes_after(publisher)


async def test_a_right_to_a_collection_rests_on_whatever_of_it_is_paid() -> None:
    standing, publisher = await open_api()
    await standing.grant("collection:c")
    await standing.grant("all")
    front = "---\ncollection: c\n---\n"
    await standing.publish("other", front + TEXT)
    assert FindingCode.HOLDERS not in await codes_after(publisher, front + OPEN)
    await standing.publish("other", front + OPEN)
    assert FindingCode.HOLDERS in await codes_after(publisher, front + OPEN + "\nMore.")


# --- the studio asks first ---------------------------------------------------------------------

EDIT = "/studio/documents/a/edit"
PAGE = "/studio/documents/a"


@pytest.fixture
def at() -> Scene:
    """Sign a publisher in who has one document, a."""
    made = scene()
    made.publish("a", TEXT)
    return made


def tick(page: Seen) -> str:
    found = re.search(r'<input type="checkbox" name="agreed" value="([^"]+)"', page.text)
    assert found, "no question was asked"
    return found[1]


@pytest.mark.parametrize("way", ["typed", "uploaded"])
def test_paid_text_becomes_public_in_the_studio_after_one_more_question(
    at: Scene, way: str
) -> None:
    sent = {"text": OPEN} if way == "typed" else {"text": "typed before"}
    file = ("", b"") if way == "typed" else ("a.txt", OPEN.encode())
    asked = at.visitor.write(EDIT, free="true", file=file, **sent)
    assert asked.status == 409
    assert "Paid words of some length." in asked.text
    assert asked.typed == OPEN
    assert "Paid words" not in at.preview("a")
    done = at.visitor.write(EDIT, text=asked.typed, free="true", agreed=tick(asked))
    assert (done.status, done.place) == (303, f"{PAGE}?done=published")
    assert "Paid words" in at.preview("a")


def test_who_mends_the_text_instead_need_not_agree(at: Scene) -> None:
    asked = at.visitor.write(EDIT, text=OPEN, free="true")
    below = asked.text.partition('id="draft"')[2]
    buttons = re.findall(r"<button[^>]*name=.action.[^>]*>", below)
    assert len(buttons) == 2
    assert all("formnovalidate" in each for each in buttons)


def test_who_has_agreed_to_some_lines_is_asked_for_others(at: Scene) -> None:
    at.publish("a", TEXT + "\n##paidbegin##Another secret of some length.##paidend##\n")
    some = OPEN + "\n##paidbegin##Another secret of some length.##paidend##\n"
    agreed = tick(at.visitor.write(EDIT, text=some))
    every = OPEN + "\nAnother secret of some length.\n"
    seen = at.visitor.write(EDIT, text=every, free="true", agreed=agreed)
    assert seen.status == 409
    assert at.visitor.write(EDIT, text=some, agreed=agreed).status == 303


def test_a_roll_back_shows_what_it_will_show_and_asks_first(at: Scene) -> None:
    opened = at.publish("a", OPEN)
    at.publish("a", TEXT)
    place = f"{PAGE}/editions/{opened.id}"
    assert f'href="{place}"' in at.visitor.get(PAGE).text
    page = at.visitor.get(place)
    assert page.status == 200
    assert page.text.count("Paid words of some length.") == 2  # the line, and the article
    fields = {name: page.field(name) for name in ("csrf_token", "edition")}
    assert at.visitor.submit(f"{place}/publish", fields).status == 409
    assert "Paid words" not in at.preview("a")
    done = at.visitor.submit(f"{place}/publish", fields | {"agreed": tick(page)})
    assert (done.status, done.place) == (303, f"{PAGE}?done=rolled-back")
    assert "Paid words" in at.preview("a")


def test_a_roll_back_that_makes_nothing_public_asks_nothing(at: Scene) -> None:
    first = at.current("a")
    assert first
    at.publish("a", TEXT.replace("Free words", "Other words"))
    place = f"{PAGE}/editions/{first.id}"
    page = at.visitor.get(place)
    assert "Free words." in page.text
    assert "Paid words" not in page.text
    assert 'name="agreed"' not in page.text
    fields = {name: page.field(name) for name in ("csrf_token", "edition")}
    assert at.visitor.submit(f"{place}/publish", fields).status == 303


def test_an_earlier_edition_of_another_is_missing(at: Scene) -> None:
    other = at.publish("a", TEXT, publisher="other")
    assert at.visitor.get(f"{PAGE}/editions/{other.id}").status == 404


def test_a_document_declared_free_stays_so_when_it_is_edited(at: Scene) -> None:
    box = '<input type="checkbox" name="free" value="true" checked>'
    assert box not in at.visitor.get(EDIT).text
    at.publish("b", OPEN)
    assert box in at.visitor.get("/studio/documents/b/edit").text


def test_a_text_without_a_paid_part_is_asked_whether_it_is_free(at: Scene) -> None:
    seen = at.visitor.write(slug="b", text=OPEN)
    assert seen.status == 422
    assert "Free for everyone" in seen.text
    assert seen.typed == OPEN
    assert at.visitor.write(slug="b", text=OPEN, free="true").status == 303


def test_what_was_warned_of_stands_on_the_page_that_tells_of_the_publication(at: Scene) -> None:
    anyio.run(at.standing.grant, "document:b")
    at.publish("b", TEXT)
    at.publish("b", OPEN)
    seen = at.visitor.get("/studio/documents/b?done=published")
    assert "holders" in seen.text
    assert "holders" not in at.visitor.get("/studio/documents/b").text


def test_a_text_can_be_checked_as_the_next_edition_of_what_is_there(at: Scene) -> None:
    seen = at.visitor.write(slug="a", text=OPEN, free="true")
    assert seen.status == 412
    assert f'formaction="{EDIT}"' in seen.text
    fields = {name: seen.field(name) for name in ("csrf_token", "edition")}
    checked = at.visitor.hand_in(EDIT, fields | {"action": "check", "text": OPEN, "free": "true"})
    assert checked.status == 200
    tick(checked)
