"""Pictures in a real browser: shown with a right and without, and nothing moves when they come."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.pictures import WIDTHS
from tests.support import pictures, sessions
from tests.support.servers import comes_true

SOURCE = "# Stones\n\nWords.\n\n![Free](free.png)\n\nMore.\n\n##paidbegin##\n\nPaid.\n\n" + (
    "![Large](large.jpg)\n\nThe end.\n\n##paidend##\n"
)
SHIFTS = """
  window.shifts = 0;
  new PerformanceObserver(list => {
    for (const each of list.getEntries()) window.shifts += each.value;
  }).observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture(scope="module")
def unlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a gateway with a document that shows pictures; give the link that unlocks it."""
    folder = tmp_path_factory.mktemp("gateway")
    with sessions.running(folder) as gateway:
        at = f"{gateway.url}/api/documents/stones"
        key = gateway.key

        def send(method: str, url: str, body: bytes, kind: str) -> bytes:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
            asked = urllib.request.Request(url, body, headers, method=method)
            with urllib.request.urlopen(asked) as answer:
                found: bytes = answer.read()
                return found

        send("PUT", f"{at}/pictures/free.png", pictures.png("", 600, 300), "image/png")
        large = pictures.jpeg("", 2_400, 1_600)
        send("PUT", f"{at}/pictures/large.jpg", large, "image/jpeg")
        send("PUT", at, SOURCE.encode(), "text/markdown")
        wish = json.dumps({"scope": "document:stones", "devices": 50}).encode()
        grant = send("POST", f"{gateway.url}/api/grants", wish, "application/json")
        link: str = json.loads(grant)["unlock_url"]
        yield link


def measures(page: Page) -> list[tuple[int, int]]:
    """Return how large each picture really is, once all are there."""
    # Not the browser's own waiting, which evaluates words: no page of ours lets it.
    assert comes_true(
        lambda: bool(page.evaluate("[...document.images].every(img => img.complete)"))
    )
    found = page.evaluate("[...document.images].map(img => [img.naturalWidth, img.clientWidth])")
    return [(natural, shown) for natural, shown in found]


@pytest.mark.parametrize("width", WIDTHS)
def test_pictures_are_shown_to_whoever_may_see_them_and_nothing_moves(
    browser: Browser, unlock: str, width: int, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 2_000})
    page = context.new_page()
    page.add_init_script(SHIFTS)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    origin = unlock.partition("/unlock")[0]
    page.goto(f"{origin}/documents/demo/stones")
    ((natural, shown),) = measures(page)
    assert natural
    assert shown <= width
    page.goto(unlock)
    page.click("main form button")
    page.wait_for_url("**/read/demo/stones*")
    (free, paid) = measures(page)
    assert free[0]
    assert paid[0]
    assert max(free[1], paid[1]) <= width
    assert page.evaluate("window.shifts") < 0.01
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    page.screenshot(path=tmp_path / f"read-{width}.png")
    context.close()
