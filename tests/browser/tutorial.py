"""The pictures of docs/tutorial.md: `.venv/bin/python -m tests.browser.tutorial` takes them anew.

A publisher's first day at the studio, on a desk and on a phone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.pictures import WIDTHS, chromium
from tests.support import sessions
from tests.support.sessions import Running
from tools.venv import ROOT

IMAGES = ROOT / "docs" / "images"
HEIGHT = 720
SLUG = "harvest-report"
TEXT = """---
title: The harvest report
offer: {name: This report, price: $4, url: https://shop.example/harvest}
---
The pears were early this year, and there were many of them.

##paidbegin##
We sold them at 2.10 a kilo, a third more than in the year before.
##paidend##

The apples are still on the trees.
"""
SLIP = TEXT.replace("##paidend##", "##paidends##")

Take = Callable[[Page, str, str], None]  # of a page a picture, as soon as it shows something


def take_pictures(folder: Path) -> list[Path]:
    """Walk through the studio at every width, and write a picture of each step."""
    taken: list[Path] = []
    with (
        tempfile.TemporaryDirectory() as data,
        sessions.running(Path(data)) as gateway,
        chromium() as browser,
    ):
        for width in WIDTHS:

            def take(page: Page, name: str, what: str, width: int = width) -> None:
                expect(page.get_by_text(what).first).to_be_visible()
                taken.append(folder / f"{name}-{width}.png")
                page.screenshot(path=taken[-1])

            walk(_window(browser, gateway, width), browser, gateway, f"{SLUG}-{width}", take)
    return taken


def _window(browser: Browser, gateway: Running, width: int) -> Page:
    context = browser.new_context(
        base_url=gateway.url,
        locale="en",
        viewport={"width": width, "height": HEIGHT},
        reduced_motion="reduce",
    )
    return context.new_page()


def walk(page: Page, browser: Browser, gateway: Running, slug: str, take: Take) -> None:
    """Sign in, mend a text, publish it, give a right, read with it and take it back."""

    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).first.click()

    page.goto("/studio")
    page.get_by_label("API key").fill(gateway.key)
    press("Sign in")
    page.get_by_role("link", name="New document").click()
    page.get_by_label("Address").fill(slug)
    page.get_by_label("Text", exact=True).fill(SLIP)
    press("Check")
    take(page, "finding", "2 places to mend")
    page.get_by_label("Text", exact=True).fill(TEXT)
    press("Check")
    take(page, "checked", "Nothing to mend.")
    press("Publish")
    page.goto(f"/documents/demo/{slug}")
    take(page, "preview", "The text goes on here")
    page.goto(f"/studio/documents/{slug}/rights")
    page.get_by_label("For whom").fill("Ada")
    press("Make the link")
    take(page, "link", "The unlock link is made")
    link = page.get_by_role("textbox", name="Unlock link").input_value()
    assert page.viewport_size
    reader = _window(browser, gateway, page.viewport_size["width"])
    reader.goto(link)
    take(reader, "unlock", "Open your access")
    reader.locator("main form button").click()
    reader.wait_for_url("**/read/**")
    take(reader, "full-text", "We sold them")
    page.goto(f"/studio/documents/{slug}/rights")
    page.locator(".sure summary").click()
    take(page, "take-back", "This cannot be undone.")
    press("Take back")
    page.get_by_role("status").wait_for()


if __name__ == "__main__":
    for each in take_pictures(IMAGES):
        print(each.relative_to(ROOT))
