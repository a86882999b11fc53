"""A change of the public origin brings absolute addresses up by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.app import build, build_services
from gateway.core.companions import PICTURES
from gateway.core.documents import Address
from gateway.ops.rebasing import Rebasing
from gateway.ops.renewing import Renewing
from gateway.rendering.workers import compose_edition
from gateway.usecases.composing import Task
from gateway.usecases.submissions import Submission
from tests.support import pictures
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import SECRET, Standing, gateway, settings

pytestmark = pytest.mark.anyio

OLD, NEW = "https://old.example", "https://new.example"
SOURCE = "---\ntitle: A letter\nlanguage: en\n---\nFree.##paidbegin##paid##paidend##"
FORMS = ("", ".md", ".txt", ".json")


async def at_once() -> None:
    return


async def moved(side: Standing, base: str) -> Standing:
    """Start the same gateway again with another origin, and do its work in the background."""
    services = build_services(
        settings(base_url=base), side.ledger, side.store, side.vault, SECRET, side.clock
    )
    await Rebasing(Renewing(services.mending, services.store, at_once), base)()
    return replace(side, services=services, app=build(services))


async def get(side: Standing, form: str, *headers: tuple[str, str]) -> Answer:
    return await exchange(side.app, "GET", f"/documents/demo/letter{form}", headers)


async def test_every_form_names_the_new_origin_and_the_old_one_no_more() -> None:
    side = gateway(base_url=OLD)
    await side.publish("letter", SOURCE)
    side.clock.at += 86_400
    after = await moved(side, NEW)
    for form in FORMS:
        answer = await get(after, form)
        assert OLD.encode() not in answer.body
        assert NEW in answer.header("link")
        assert NEW.encode() in answer.body
    for target in ("/feed.xml", "/sitemap.xml", "/robots.txt", "/"):
        answer = await exchange(after.app, "GET", target)
        assert OLD.encode() not in answer.body
        assert NEW.encode() in answer.body


async def test_what_is_moved_keeps_its_edition_its_dates_and_its_place() -> None:
    side = gateway(base_url=OLD)
    await side.publish("letter", SOURCE)
    side.clock.at += 86_400
    await side.publish("letter", SOURCE.replace("##paidend##", " more##paidend##"))
    before = await side.store.entries("", "", 9)
    edition = await side.services.publishing.current(Address("demo", "letter"))
    after = await moved(side, NEW)
    assert await side.services.publishing.current(Address("demo", "letter")) == edition
    assert list(await after.store.entries("", "", 9)) == [replace(before[0], base=NEW)]
    back = await moved(after, OLD)
    assert list(await back.store.entries("", "", 9)) == list(before)


async def test_what_another_version_would_date_anew_keeps_its_dates_too() -> None:
    side = gateway(base_url=OLD)
    before = (await side.publish("letter", SOURCE)).edition
    side.clock.at += 86_400
    submission = Submission(before.address, SOURCE.encode(), "plain")
    composed = compose_edition(Task(submission, "next", side.clock.at, before), OLD)
    await side.vault.keep(before.address, "next", composed.sealed)
    edition = replace(composed.edition, public_digest="as an earlier version made it")
    await side.ledger.make_current(edition, before.id)
    await side.services.showing.settle(before.address)
    after = await moved(side, NEW)
    (entry,) = await after.store.entries("", "", 9)
    assert (entry.base, entry.published, entry.updated) == (NEW, before.published, before.updated)


async def test_the_full_text_stays_readable_and_names_the_new_origin() -> None:
    side = gateway(base_url=OLD)
    await side.publish("letter", SOURCE)
    _, token = await side.grant("all")
    after = await moved(side, NEW)
    bearer = (("authorization", f"Bearer {token}"),)
    answer = await exchange(after.app, "GET", "/read/demo/letter.json", bearer)
    assert answer.status == 200
    assert b"paid" in answer.body
    assert NEW.encode() in answer.body
    assert OLD.encode() not in answer.body


async def test_what_names_the_origin_already_is_left_as_it_is() -> None:
    side = gateway(base_url=NEW)
    for number in range(3):
        await side.publish(f"letter-{number}", SOURCE)
    listed = await side.store.listed()
    await moved(side, NEW)
    assert await side.store.listed() == listed


async def test_a_document_that_would_be_refused_today_hinders_no_other() -> None:
    side = gateway(base_url=OLD)
    for slug in ("letter", "other"):
        await side.publish(slug, SOURCE)
    edition = await side.services.publishing.current(Address("demo", "other"))
    await side.vault.erase(edition.address, [edition.id])
    after = await moved(side, NEW)
    assert NEW.encode() in (await get(after, "")).body
    assert (await exchange(after.app, "GET", "/documents/demo/other")).status == 200


@pytest.mark.parametrize("sent", [(), ("shown.png",)])
async def test_what_was_left_beside_a_document_keeps_it_from_moving_in_no_case(
    sent: tuple[str, ...],
) -> None:
    side = gateway(base_url=OLD)
    letter = Address("demo", "letter")
    for name in ("shown.png", "left.png"):
        await side.services.picturing.put(letter, name, pictures.png(name), PICTURES)
    beside = tuple(each for each in await side.vault.shelf.all(letter) if each.name in sent)
    source = SOURCE.replace("Free.", "Free. ![](shown.png)" if sent else "Free.")
    submission = Submission(letter, source.encode(), "markdown", companions=beside)
    await side.services.publishing.publish(submission)
    after = await moved(side, NEW)
    assert [entry.base for entry in await after.store.entries("", "", 9)] == [NEW]
