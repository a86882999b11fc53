"""Every route that changes something says when that is on record and not confirmed yet.

The routes are those that the application has: one that is new is in neither list, and fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from gateway.app import build
from gateway.core.companions import ATTACHMENTS, PICTURES
from gateway.core.documents import Address
from gateway.usecases.granting import GrantRequest
from tests.support.services import gateway
from tests.web.visitor import ORIGIN, Scene, multipart, scene

SOURCE = "A title\n\nFree.\n\n##paidbegin##{}##paidend##\n"
FIELD = r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"'
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Send = Callable[[], Any]
Prepare = Callable[["Actor"], Send]
Surface = tuple[str, str]


class Actor:
    """A publisher with a key and a studio, and readers with browsers."""

    def __init__(self) -> None:
        self.at: Scene = scene()
        self.first = self.at.publish("a", SOURCE.format("Paid one."))
        self.second = self.at.publish("a", SOURCE.format("Paid two."))
        self.granting = self.at.standing.services.granting

    def api(self, method: str, path: str, told: Any = None, **headers: str) -> Send:
        client = TestClient(self.at.standing.app, base_url=ORIGIN, follow_redirects=False)
        headers = {"authorization": f"Bearer {self.at.key}"} | headers
        return lambda: client.request(method, path, json=told, headers=headers)

    def put(self, path: str, source: str, method: str = "PUT") -> Send:
        headers = {"authorization": f"Bearer {self.at.key}", "content-type": "text/plain"}
        client = TestClient(self.at.standing.app, base_url=ORIGIN)
        return lambda: client.request(method, path, content=source.encode(), headers=headers)

    def studio(self, page: str, path: str, **fields: str) -> Send:
        client: TestClient = self.at.visitor._client
        found = dict(re.findall(FIELD, self.page(page)))
        return lambda: client.post(path, data=found | fields)

    def editor(self, path: str, **fields: str) -> Send:
        client: TestClient = self.at.visitor._client
        found = re.findall(
            r'<input[^>]* name="(csrf_token|edition)"[^>]* value="([^"]*)"', self.page(path)
        )
        given = {**dict(found), "action": "publish", **fields}
        body = multipart([(name, value.encode(), "") for name, value in given.items()])
        headers = {"content-type": "multipart/form-data; boundary=limit"}
        return lambda: client.post(path, content=body, headers=headers)

    def batch(self, name: str, source: str) -> Send:
        client: TestClient = self.at.visitor._client
        fields = dict(re.findall(FIELD, self.page("/studio/upload"))) | {"action": "publish"}
        files = {"files": (name, source.encode())}
        return lambda: client.post("/studio/upload", data=fields, files=files)

    def page(self, path: str) -> str:
        return self.at.visitor.get(path).text

    def grant(self) -> tuple[str, str]:
        made, token = anyio.run(self.at.standing.grant, "document:a")
        return made.id, token

    def code(self) -> tuple[str, str]:
        (made,) = self.api("POST", "/api/codes", {"scope": "all", "count": 1})().json()["codes"]
        return made["id"], made["code"]

    def reader(self) -> TestClient:
        """Return a browser in which a right was redeemed."""
        client = TestClient(self.at.standing.app, base_url=ORIGIN, follow_redirects=False)
        assert client.post("/unlock", data={"token": self.grant()[1]}).status_code == 303
        return client

    def device(self) -> tuple[str, str]:
        grant, token = self.grant()
        client = TestClient(self.at.standing.app, base_url=ORIGIN, follow_redirects=False)
        client.post("/unlock", data={"token": token})
        (device,) = self.api("GET", f"/api/grants/{grant}/devices")().json()["devices"]
        return grant, device["id"]

    def deafen(self) -> None:
        """Have no worker confirm anything any more; something is outgoing."""

        async def unheard(*_: object) -> bool:
            return False

        for services in self.at.standing.houses:
            services.coherence.announce = unheard  # type: ignore[method-assign,assignment]
        anyio.run(self.granting.grant, "demo", GrantRequest("all"))


def unlock_again(actor: Actor) -> Send:
    client, (_, token) = actor.reader(), actor.grant()
    return lambda: client.post("/unlock", data={"token": token})


def sign_out(actor: Actor) -> Send:
    client = actor.reader()
    return lambda: client.post("/signout")


def evict(actor: Actor) -> Send:
    grant, device = actor.device()
    return actor.api("DELETE", f"/api/grants/{grant}/devices/{device}")


def evict_by_hand(actor: Actor) -> Send:
    grant, device = actor.device()
    page = f"/studio/grants/{grant}"
    return actor.studio(page, f"{page}/devices/{device}/evict")


def renew_by_hand(actor: Actor) -> Send:
    page = f"/studio/grants/{actor.grant()[0]}"
    return actor.studio(page, f"{page}/renew")


def end_key(actor: Actor) -> Send:
    made = actor.api("POST", "/api/keys", {"label": "x"})().json()
    return actor.api("DELETE", f"/api/keys/{made['id']}")


DOCUMENT, STUDIO = "/studio/documents/a", "/studio/documents/{slug}"
RIGHTS = {"subject": "", "term": "30d", "devices": "5"}
CODES = {"count": "1", "uses": "1", "term": ""}

CHANGES: Mapping[Surface, Prepare] = {
    ("POST", "/unlock"): unlock_again,
    ("POST", "/signout"): sign_out,
    ("PUT", "/api/documents/{slug}"): lambda a: a.put("/api/documents/b", SOURCE.format("x")),
    ("POST", "/api/documents"): lambda a: a.put("/api/documents", SOURCE.format("x"), "POST"),
    ("POST", "/api/documents/{slug}/rename"): lambda a: a.api(
        "POST", "/api/documents/a/rename", {"slug": "b"}
    ),
    ("DELETE", "/api/documents/{slug}"): lambda a: a.api("DELETE", "/api/documents/a"),
    ("POST", "/api/documents/{slug}/editions/{edition}/publish"): lambda a: a.api(
        "POST", f"/api/documents/a/editions/{a.first.id}/publish"
    ),
    ("POST", "/api/grants"): lambda a: a.api("POST", "/api/grants", {"scope": "all"}),
    ("DELETE", "/api/grants/{grant}"): lambda a: a.api("DELETE", f"/api/grants/{a.grant()[0]}"),
    ("DELETE", "/api/grants/{grant}/devices/{device}"): evict,
    ("POST", "/api/grants/{grant}/renew-link"): lambda a: a.api(
        "POST", f"/api/grants/{a.grant()[0]}/renew-link"
    ),
    ("POST", "/api/keys"): lambda a: a.api("POST", "/api/keys", {"label": "x"}),
    ("DELETE", "/api/keys/{key}"): end_key,
    ("POST", "/api/codes"): lambda a: a.api("POST", "/api/codes", {"scope": "all", "count": 1}),
    ("DELETE", "/api/codes/{code}"): lambda a: a.api("DELETE", f"/api/codes/{a.code()[0]}"),
    ("POST", "/studio/upload"): lambda a: a.batch("b.txt", SOURCE.format("x")),
    ("POST", "/studio/new"): lambda a: a.editor("/studio/new", slug="b", text=SOURCE.format("x")),
    ("POST", f"{STUDIO}/edit"): lambda a: a.editor(f"{DOCUMENT}/edit", text=SOURCE.format("y")),
    ("POST", f"{STUDIO}/delete"): lambda a: a.studio(f"{DOCUMENT}/delete", f"{DOCUMENT}/delete"),
    ("POST", f"{STUDIO}/rename"): lambda a: a.studio(
        f"{DOCUMENT}/rename", f"{DOCUMENT}/rename", slug="b"
    ),
    ("POST", f"{STUDIO}/editions/{{edition}}/publish"): lambda a: a.studio(
        DOCUMENT, f"{DOCUMENT}/editions/{a.first.id}/publish", edition=a.second.id
    ),
    ("POST", "/studio/rights"): lambda a: a.studio("/studio/rights", "/studio/rights", **RIGHTS),
    ("POST", f"{STUDIO}/rights"): lambda a: a.studio(
        f"{DOCUMENT}/rights", f"{DOCUMENT}/rights", **RIGHTS, scope="document"
    ),
    ("POST", "/studio/grants/{grant}/revoke"): lambda a: a.studio(
        "/studio/rights", f"/studio/grants/{a.grant()[0]}/revoke"
    ),
    ("POST", "/studio/grants/{grant}/devices/{device}/evict"): evict_by_hand,
    ("POST", "/studio/grants/{grant}/renew"): renew_by_hand,
    ("POST", "/studio/codes"): lambda a: a.studio("/studio/rights", "/studio/codes", **CODES),
    ("POST", f"{STUDIO}/codes"): lambda a: a.studio(
        f"{DOCUMENT}/rights", f"{DOCUMENT}/codes", **CODES, scope="document"
    ),
    ("POST", "/studio/codes/{code}/revoke"): lambda a: a.studio(
        "/studio/rights", f"/studio/codes/{a.code()[0]}/revoke"
    ),
}

# What changes no right, no document and no key that anybody may remember.
QUIET = {
    ("POST", "/redeem"),  # its reader is always a new one
    ("POST", "/library/move"),  # a link, which does something when it is opened
    ("POST", "/api/documents/{slug}/check"),
    # Shown by no edition but the next one that names it.
    *(
        (method, f"/api/documents/{{slug}}/{kind}/{{name:path}}")
        for method in ("PUT", "DELETE")
        for kind in (PICTURES, ATTACHMENTS)
    ),
    # Pages come to say so by and by, which is told as such.
    ("PUT", "/api/publisher"),
    *((method, "/api/publisher/mark") for method in ("PUT", "DELETE")),
    ("POST", "/studio/publisher"),
    ("POST", "/studio/signin"),
    ("POST", "/studio/signout"),
}


def says_confirmed(answer: Any) -> bool:
    """Return what a surface says; whatever it says, it was done."""
    assert answer.status_code in (200, 201, 202, 204, 303), answer.text
    if answer.headers.get("content-type", "").startswith("application/json"):
        told = answer.json()
        return bool(told.get("confirmed", told.get("status") != "recorded"))
    is_recorded = answer.headers.get("location", "").endswith("done=recorded")
    return answer.status_code != 202 and not is_recorded


def changing(app: Any) -> Iterator[Surface]:
    assert isinstance(app, Starlette)
    for route in app.routes:
        assert isinstance(route, Route)
        yield from ((method, route.path) for method in sorted(CHANGING & (route.methods or set())))


def test_every_route_that_takes_something_is_known_to_change_something_or_not() -> None:
    routes = sorted(changing(build(gateway().services)))
    assert routes == sorted({*CHANGES, *QUIET})
    assert not CHANGES.keys() & QUIET


@pytest.mark.parametrize("surface", CHANGES, ids=" ".join)
def test_a_surface_says_what_is_confirmed(surface: Surface) -> None:
    assert says_confirmed(CHANGES[surface](Actor())())


@pytest.mark.parametrize("surface", CHANGES, ids=" ".join)
def test_a_surface_says_what_is_only_on_record(surface: Surface) -> None:
    actor = Actor()
    send = CHANGES[surface](actor)
    actor.deafen()
    answer = send()
    assert not says_confirmed(answer)
    if surface[1].startswith("/studio"):
        place = answer.headers.get("location")
        page = actor.page(place) if place else answer.text
        assert "It is on record, and not confirmed yet" in page


def test_codes_in_a_table_say_what_is_only_on_record() -> None:
    actor = Actor()
    send = actor.api("POST", "/api/codes", {"scope": "all", "count": 1}, accept="text/csv")
    assert send().status_code == 201
    actor.deafen()
    assert send().status_code == 202
    assert send().text.startswith("id,code")


def test_an_unlock_that_is_on_record_leads_on_and_keeps_what_it_gave() -> None:
    actor = Actor()
    client, (_, token) = actor.reader(), actor.grant()
    actor.deafen()
    page = client.post("/unlock", data={"token": token}, headers={"accept-language": "en"})
    assert page.status_code == 202
    assert "Your access is on record" in page.text
    assert 'href="/read/demo/a#go-on"' in page.text
    assert page.headers["set-cookie"].startswith("paidgate=")
    assert client.get("/read/demo/a").status_code == 200


def test_a_library_that_moved_on_record_is_here_and_says_that_it_may_be_there_too() -> None:
    actor = Actor()
    client = actor.reader()
    link = re.search(r'class="keep">([^<]*)<', client.post("/library/move").text)
    assert link
    actor.deafen()
    new = TestClient(actor.at.standing.app, base_url=ORIGIN, follow_redirects=False)
    for _ in range(2):  # sent again by the browser in which it is by now, it says no more
        page = new.post("/unlock", data={"code": link[1]}, headers={"accept-language": "en"})
        assert page.status_code == 202
        assert "Your library is here" in page.text
        for _ in actor.at.standing.houses:
            assert new.get("/read/demo/a").status_code == 200


def test_a_new_reader_needs_nobody_to_confirm_it() -> None:
    actor = Actor()
    _, token = actor.grant()
    actor.deafen()
    client = TestClient(actor.at.standing.app, base_url=ORIGIN, follow_redirects=False)
    assert client.post("/unlock", data={"token": token}).status_code == 303
    assert client.get("/read/demo/a").status_code == 200


def test_a_sign_out_that_is_on_record_ends_the_session_here() -> None:
    actor = Actor()
    client = actor.reader()
    actor.deafen()
    page = client.post("/signout", headers={"accept-language": "en"})
    assert page.status_code == 202
    assert "You are signed out in this browser" in page.text
    assert "paidgate" not in client.cookies


def test_a_text_that_was_sent_twice_is_confirmed_too() -> None:
    actor = Actor()
    fields = {"slug": "b", "text": SOURCE.format("x")}
    send = actor.editor("/studio/new", **fields)
    assert says_confirmed(send())
    actor.deafen()
    assert not says_confirmed(send())
    assert anyio.run(actor.at.standing.ledger.current, Address("demo", "b")) is not None
