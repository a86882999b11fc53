"""What a site says of itself, where its pages are, and how other sites may show them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from urllib.parse import quote
from urllib.robotparser import RobotFileParser

import anyio
import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser
from starlette.testclient import TestClient

from gateway.settings import BadSettings
from tests.support.asgi import exchange
from tests.support.samples import SUFFIXES
from tests.support.services import Standing, gateway, settings
from tests.web.sheets import one

pytestmark = pytest.mark.anyio

ORIGIN = "https://read.example"
PATH = "/documents/demo/letter"
SOURCE = (
    "---\ntitle: A letter\nauthor: Ann\nlanguage: en\ndate: 2026-03-04\ncollection: letters\n"
    "licence: CC BY-SA 4.0\noffer: [{name: The letter, price: $4.50, url: https://shop.example/a},"
    " {name: All, price: €9 per month}, {name: Ask, price: by arrangement}]\n---\n"
    "Free.\n\n##paidbegin##paid##paidend##\n"
)


async def published(**given: str) -> Standing:
    side = gateway(**{"base_url": ORIGIN} | given)
    await side.publish("letter", SOURCE)
    return side


async def text(side: Standing, target: str) -> str:
    answer = await exchange(side.app, "GET", target)
    assert answer.status == 200, target
    return answer.body.decode()


async def test_robots_txt_keeps_crawlers_out_of_what_is_private_and_names_the_sitemap() -> None:
    rules = RobotFileParser()
    rules.parse((await text(await published(), "/robots.txt")).split("\n"))
    for path in ("/read/demo/letter", "/studio", "/api/documents", "/unlock?token=x", "/library"):
        assert not rules.can_fetch("Googlebot", f"{ORIGIN}{path}")
    for path in ("/", PATH, "/documents/demo", "/feed.xml", "/sitemap.xml", "/static/app.css"):
        assert rules.can_fetch("Googlebot", f"{ORIGIN}{path}")
    assert rules.site_maps() == [f"{ORIGIN}/sitemap.xml"]


@pytest.mark.parametrize("host", ["evil.example", "localhost:81", "127.0.0.1@evil.example"])
def test_a_host_is_named_where_it_is_trusted_and_nowhere_else(host: str) -> None:
    side = anyio.run(lambda: published(base_url=""))
    for target in ("/robots.txt", "/sitemap.xml", "/feed.xml", "/", "/documents/demo"):
        client = TestClient(side.app, headers={"host": host})
        for _ in range(2):
            answer = client.get(target)
            assert "evil" not in answer.text
            names = answer.status_code == 200 and target.endswith(("txt", "xml"))
            assert ("http://localhost:81" in answer.text) is (names and host == "localhost:81")


async def test_icons_are_where_browsers_look_that_were_told_of_none() -> None:
    side = await published()
    for target, form in (("/favicon.ico", "ICO"), ("/apple-touch-icon.png", "PNG")):
        answer = await exchange(side.app, "GET", target)
        assert Image.open(BytesIO(answer.body)).format == form


async def test_the_manifest_names_icons_that_are_there() -> None:
    side = await published()
    for icon in json.loads(await text(side, "/site.webmanifest"))["icons"]:
        answer = await exchange(side.app, "GET", icon["src"])
        assert (answer.status, answer.header("content-type")) == (200, icon["type"])


async def test_security_txt_is_there_where_somebody_is_named() -> None:
    assert (
        await exchange((await published()).app, "GET", "/.well-known/security.txt")
    ).status == 404
    side = await published(security_contact="mailto:safe@read.example")
    fields = dict(
        line.split(": ", 1) for line in (await text(side, "/.well-known/security.txt")).splitlines()
    )
    assert fields["Contact"] == "mailto:safe@read.example"
    assert fields["Canonical"] == f"{ORIGIN}/.well-known/security.txt"
    assert datetime.fromisoformat(fields["Expires"]) > datetime.now(UTC)


@pytest.mark.parametrize(
    "contact", ["safe@read.example", "http://read.example", "mailto:", "mailto:a b@c"]
)
def test_a_contact_that_is_no_address_is_refused(contact: str) -> None:
    with pytest.raises(BadSettings, match="PAIDGATE_SECURITY_CONTACT"):
        settings(security_contact=contact)


# --- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (f"{PATH}/", PATH),
        ("/Documents/Demo/Letter", PATH),
        (f"{PATH}.MD", f"{PATH}.md"),
        (f"{PATH}/card.png/", f"{PATH}/card.png"),
        ("/documents/demo/", "/documents/demo"),
        ("/documents/demo/?before=2999", "/documents/demo?before=2999"),
        ("/documents/demo/collections/Letters/", "/documents/demo/collections/letters"),
        ("/FEED.xml", "/feed.xml"),
        ("/sitemap.xml/", "/sitemap.xml"),
    ],
)
async def test_a_slip_of_the_keyboard_is_led_to_the_address_that_is_meant(
    typed: str, meant: str
) -> None:
    side = await published()
    for method in ("GET", "HEAD"):
        answer = await exchange(side.app, method, typed)
        assert (answer.status, answer.header("location")) == (301, meant)
    assert (await exchange(side.app, "GET", meant)).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/documents/",
        "/documents/demo/a/b/",
        "/Library",
        "/read/demo/Letter",
        "//evil.example/",
        "/x/",
    ],
)
async def test_nothing_else_is_led_anywhere(target: str) -> None:
    answer = await exchange((await published()).app, "GET", target)
    assert answer.header("location") == ""


# --- documents ---------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [*SUFFIXES, "/card.png"])
async def test_every_form_names_its_page_its_language_and_its_licence(end: str) -> None:
    answer = await exchange((await published()).app, "GET", f"{PATH}{end}")
    assert answer.header("content-language") == "en"
    assert answer.header("link") == (
        f'<{ORIGIN}{PATH}>; rel="canonical", '
        '<https://creativecommons.org/licenses/by-sa/4.0/>; rel="license"'
    )
    assert answer.header("access-control-allow-origin") == "*"
    assert answer.header("cross-origin-resource-policy") == "cross-origin"


async def test_what_is_for_one_reader_is_for_no_other_site() -> None:
    side = await published()
    _, token = await side.grant("all")
    for headers in ((), (("authorization", f"Bearer {token}"),)):
        answer = await exchange(side.app, "GET", "/read/demo/letter", headers)
        assert answer.header("access-control-allow-origin") == ""
        assert answer.header("cross-origin-resource-policy") == "same-origin"


async def test_the_head_of_a_page_says_what_other_sites_and_searches_read() -> None:
    tree = LexborHTMLParser(await text(await published(), PATH))
    assert one(tree, "link[rel=canonical]").attributes["href"] == f"{ORIGIN}{PATH}"
    assert (
        one(tree, "meta[property='og:image']").attributes["content"] == f"{ORIGIN}{PATH}/card.png"
    )
    assert one(tree, "meta[name='twitter:card']").attributes["content"] == "summary_large_image"
    data = json.loads(one(tree, "script[type='application/ld+json']").text())
    assert data["publisher"]["url"] == f"{ORIGIN}/documents/demo"
    assert data["mainEntityOfPage"]["@id"] == f"{ORIGIN}{PATH}"
    steps = data["mainEntityOfPage"]["breadcrumb"]["itemListElement"]
    assert [step["item"] for step in steps] == [
        f"{ORIGIN}/",
        f"{ORIGIN}/documents/demo",
        f"{ORIGIN}/documents/demo/collections/letters",
        f"{ORIGIN}{PATH}",
    ]
    assert tree.css(data["hasPart"]["cssSelector"])
    assert data["image"]["url"] == f"{ORIGIN}{PATH}/card.png"
    side = await published()
    for link in tree.css("link[rel=alternate]"):
        target = (link.attributes["href"] or "").removeprefix(ORIGIN)
        assert (await exchange(side.app, "GET", target)).status == 200


async def test_a_card_is_of_the_size_that_other_sites_take() -> None:
    answer = await exchange((await published()).app, "GET", f"{PATH}/card.png")
    assert answer.header("content-type") == "image/png"
    assert Image.open(BytesIO(answer.body)).size == (1200, 630)


async def test_oembed_tells_of_our_own_addresses_alone() -> None:
    side = await published()

    async def ask(url: str, more: str = "") -> int:
        return (await exchange(side.app, "GET", f"/oembed?url={quote(url, safe='')}{more}")).status

    told = json.loads(await text(side, f"/oembed?url={quote(ORIGIN + PATH, safe='')}"))
    assert (told["version"], told["type"], told["title"]) == ("1.0", "link", "A letter")
    assert told["thumbnail_url"] == f"{ORIGIN}{PATH}/card.png"
    assert await ask(f"{ORIGIN}{PATH}?x=1#unlock") == 200
    assert await ask(f"{ORIGIN}{PATH}", "&format=xml") == 400
    for url in ("", PATH, f"https://evil.example{PATH}", f"{ORIGIN}.evil.example{PATH}", ORIGIN):
        assert await ask(url) == 404


async def test_programs_read_prices_in_minor_units_with_currency_and_term() -> None:
    side = await published()
    told = json.loads(await text(side, f"{PATH}.json"))
    prices = [(each["amount"], each["currency"], each["term"]) for each in told["offers"]]
    assert prices == [(450, "USD", None), (900, "EUR", "P1M"), (None, None, None)]
    answer = await exchange(side.app, "GET", "/read/demo/letter.json")
    problem = answer.json
    assert answer.status == 402
    assert problem["offers"] == told["offers"]
    assert problem["document"]["title"] == "A letter"
    assert problem["buy"] == f"{ORIGIN}{PATH}#unlock"


async def test_markdown_says_above_the_text_what_is_declared() -> None:
    front, _, rest = (await text(await published(), f"{PATH}.md")).partition("\n---\n\n")
    fields = dict(line.split(": ", 1) for line in front.split("\n")[1:])
    told = {name: json.loads(value) for name, value in fields.items()}
    assert told["title"] == "A letter"
    assert told["author"] == "Ann"
    assert told["date"] == "2026-03-04"
    assert told["language"] == "en"
    assert told["url"] == f"{ORIGIN}{PATH}"
    assert told["offer"][0]["amount"] == 450
    assert rest.startswith("# A letter\n")
