"""A document gets another address at the studio."""

from __future__ import annotations

import pytest

from tests.web.visitor import Scene, scene

TEXT = "Title\n\nFree words.\n\n##paidbegin##Paid.##paidend##\n"
PAGE = "/studio/documents/a/rename"


@pytest.fixture
def at() -> Scene:
    made = scene()
    made.publish("a", TEXT)
    return made


def rename(at: Scene, slug: str, page: str = PAGE) -> tuple[int, str, str]:
    """Type an address and press the button; return the status, the place and the page."""
    shown = at.visitor.get(page)
    assert shown.status == 200
    assert 'value="a"' in shown.text
    fields = {name: shown.field(name) for name in ("csrf_token", "edition")}
    seen = at.visitor.submit(page, fields | {"slug": slug})
    return seen.status, seen.place, seen.text


def test_a_document_is_renamed_and_its_old_address_leads_to_it(at: Scene) -> None:
    assert PAGE in at.visitor.get("/studio/documents/a").text
    status, place, _ = rename(at, " better ")
    assert (status, place) == (303, "/studio/documents/better?done=renamed")
    assert "The document has its new address." in at.visitor.get(place).text
    assert at.current("a") is None
    seen = at.visitor.get("/documents/demo/a")
    assert (seen.status, seen.place) == (308, "/documents/demo/better")
    seen = at.visitor.get("/studio/documents/a")
    assert (seen.status, seen.place) == (303, "/studio/documents/better")


@pytest.mark.parametrize(
    ("slug", "status", "words"),
    [
        ("taken", 409, "Another document has this address."),
        ("No name", 400, "This address cannot be used."),
        ("", 400, "This address cannot be used."),
    ],
)
def test_an_address_that_cannot_be_is_told_and_what_was_typed_stays(
    at: Scene, slug: str, status: int, words: str
) -> None:
    at.publish("taken", TEXT)
    seen, _, text = rename(at, slug)
    assert seen == status
    assert words in text
    assert f'value="{slug or "a"}"' in text
    assert at.current("a")


def test_what_changed_meanwhile_is_not_renamed(at: Scene) -> None:
    shown = at.visitor.get(PAGE)
    fields = {name: shown.field(name) for name in ("csrf_token", "edition")}
    at.publish("a", TEXT + "More.\n")
    seen = at.visitor.submit(PAGE, fields | {"slug": "better"})
    assert seen.status == 412
    assert "has changed since you opened" in seen.text
    assert at.current("a")


def test_nobody_renames_what_is_another_s_or_without_the_token_of_the_form(at: Scene) -> None:
    at.publish("b", TEXT, publisher="other")
    assert at.visitor.get("/studio/documents/b/rename").status == 404
    edition = at.current("a")
    assert edition
    seen = at.visitor.submit(PAGE, {"slug": "better", "edition": edition.id})
    assert seen.status == 403
    assert at.current("a")
