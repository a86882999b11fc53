"""A publisher says who it is at the studio; whatever is refused, nothing of it is lost."""

from __future__ import annotations

import html
import re

import anyio
import pytest

from gateway.core.profiles import FIELDS, MAX_MARK, Profile
from tests.support import pictures
from tests.web.visitor import Scene, Seen, scene

PAGE = "/studio/publisher"
WORDS = {
    "name": "灯房 & Lamp",
    "about": "One.\n\nTwo.",
    "help": "help@lamp.example",
    "footer": "The Pier 1",
    "colour": "#1a5fb4",
    "colour_dark": "",
}


@pytest.fixture
def at() -> Scene:
    return scene()


def saved(at: Scene) -> Profile:
    return anyio.run(at.standing.ledger.profile, "demo")


def save(at: Scene, *, file: tuple[str, bytes] = ("", b""), **words: str) -> Seen:
    """Open the page, fill it in and press its button, as browsers do."""
    return send(at, at.visitor.get(PAGE), WORDS | words, file)


def send(at: Scene, page: Seen, words: dict[str, str], file: tuple[str, bytes] = ("", b"")) -> Seen:
    hidden = {name: page.field(name) for name in ("csrf_token", "stamp")}
    if 'name="kept"' in page.text:
        hidden["kept"] = page.field("kept")
    parts = [(name, value.encode(), "") for name, value in (hidden | words).items()]
    return at.visitor.send_parts(PAGE, [*parts, ("mark", file[1], f'; filename="{file[0]}"')])


def typed(page: Seen) -> dict[str, str]:
    """Return what stands in the fields of the page."""
    found = {}
    for name in FIELDS:
        line = re.search(rf'<input [^>]*name="{name}"[^>]* value="([^"]*)"', page.text)
        area = re.search(rf'<textarea [^>]*name="{name}"[^>]*>\n(.*?)</textarea>', page.text, re.S)
        text = line or area
        assert text, name
        found[name] = html.unescape(text[1])
    return found


def test_what_is_saved_is_told_and_stands_in_the_form_again(at: Scene) -> None:
    seen = save(at)
    assert (seen.status, seen.place) == (303, f"{PAGE}?done=profile")
    page = at.visitor.get(seen.place)
    assert "Saved. Your pages say so within moments." in page.text
    assert typed(page) == WORDS
    assert saved(at).name == WORDS["name"]


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("name", "a" * 81, "At most 80 characters"),
        ("about", "a" * 2001, "At most 2000 characters"),
        ("help", "nobody@", "Use https://"),
        ("footer", "a" * 501, "At most 500 characters"),
        ("colour", "red", "Write a colour as in"),
        (
            "colour",
            "#ee7f66",
            "On sepia paper this colour has a contrast of 2.11 to 1; it needs 4.5",
        ),
        ("colour_dark", "#1a5fb4", "On dark paper this colour has a contrast of 2.64 to 1"),
    ],
)
def test_what_cannot_be_said_is_told_at_its_field_and_nothing_typed_is_lost(
    at: Scene, field: str, text: str, words: str
) -> None:
    save(at)
    seen = send(at, at.visitor.get(PAGE), WORDS | {"about": "Changed.", field: text})
    assert seen.status == 400
    assert typed(seen) == WORDS | {"about": "Changed."} | {field: text}
    wrong = re.search(rf'<p class="wrong" id="{field}-wrong">(.*?)</p>', seen.text)
    assert wrong
    assert words in wrong[1]
    assert saved(at).about == WORDS["about"]


def test_a_picture_that_was_chosen_is_kept_while_words_are_mended(at: Scene) -> None:
    picture = pictures.png("mark")
    refused = save(at, file=("mark.png", picture), colour="red")
    assert refused.status == 400
    assert "The picture that you chose is kept in this page." in refused.text
    assert saved(at).mark is None
    assert send(at, refused, WORDS).status == 303
    mark = saved(at).mark
    assert mark
    assert at.visitor.get(PAGE).text.count("/documents/demo/pictures/mark") == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no picture", 415), (pictures.png("mark")[:60], 422), (b"\0" * (MAX_MARK + 1), 413)],
    ids=["no picture", "damaged", "too large"],
)
def test_a_picture_that_cannot_be_shown_loses_no_words(at: Scene, body: bytes, status: int) -> None:
    seen = save(at, file=("mark.png", body))
    assert seen.status == status
    assert "This picture cannot be your mark." in seen.text
    assert typed(seen) == WORDS
    assert saved(at) == Profile()


def test_a_mark_is_taken_away_by_its_box(at: Scene) -> None:
    save(at, file=("mark.png", pictures.png("mark")))
    assert saved(at).mark
    save(at)
    assert saved(at).mark
    save(at, no_mark="yes")
    assert saved(at).mark is None


def test_what_another_has_saved_meanwhile_is_not_written_over_unseen(at: Scene) -> None:
    page = at.visitor.get(PAGE)
    save(at, name="Theirs")
    seen = send(at, page, WORDS | {"name": "Mine"})
    assert seen.status == 412
    assert "Somebody else has saved this page since you opened it." in seen.text
    assert typed(seen)["name"] == "Mine"
    assert saved(at).name == "Theirs"
    assert send(at, seen, WORDS | {"name": "Mine"}).status == 303
    assert saved(at).name == "Mine"


def test_words_that_come_after_the_end_of_a_session_are_handed_back(at: Scene) -> None:
    page = at.visitor.get(PAGE)
    at.standing.clock.at += 13 * 3_600
    seen = send(at, page, WORDS)
    assert seen.status == 401
    assert typed(seen) == WORDS
    assert saved(at) == Profile()


def test_a_form_of_another_session_says_nothing(at: Scene) -> None:
    page = at.visitor.get(PAGE)
    parts = {"csrf_token": "x", "stamp": page.field("stamp")} | WORDS
    seen = at.visitor.send_parts(PAGE, [(n, v.encode(), "") for n, v in parts.items()])
    assert seen.status == 403
    assert typed(seen) == WORDS
    assert saved(at) == Profile()
