"""Pictures of pages in a real browser: on a phone and on a desk, by day and by night.

A page is given as bytes and is shown under the same headers that the gateway sends; what the
browser complains of (a policy broken, an asset not found) is returned with the pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

from gateway.core.bundles import IDENTITY, Representation
from gateway.core.profiles import Mark, Profile
from gateway.rendering.profiles import profile_bundle
from gateway.rendering.representations import HTML
from gateway.rendering.static import PREFIX, Static
from gateway.web.http.headers import SECURITY
from tests.support.pictures import png
from tests.support.servers import program_for
from tools.needs import NEEDS

ORIGIN = "https://gateway.test"
SAID = Profile(
    "灯房 " + "W" * 77,
    "关于我们。" * 80 + "\n\n" + "w" * 400,
    "https://help.example/" + "x" * 200,
    "地址 " + "字" * 200 + "\n" + "w" * 200,
    "#1a5fb4",
    "",
    Mark("image/png", 384, 40, "", "", png("mark", 384, 40)),
)
"""The longest that a publisher may say, or nearly so."""
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
SHOWN = profile_bundle(SAID).forms
NEAR = """<ol class="entries"><li class="entry" lang="en"><h3><a href="/">The next</a></h3>
<p class="entry-summary">What it is about.</p></li></ol>"""


@dataclass
class Shown:
    """A page in a browser, what the browser asked for, and what it complained of."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser, and end it. Raises ServerError where there is none."""
    program = program_for("chromium", *NEEDS["chromium"].programs[0])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def shown(
    browser: Browser,
    body: bytes,
    static: Static,
    width: int = 390,
    scheme: str = "light",
    *,
    scripts: bool = True,
) -> Iterator[Shown]:
    """Show a page of bytes at a width; nothing outside is ever asked."""
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width < 600 else 900},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=2 if width < 600 else 1,
        has_touch=width < 600,
        java_script_enabled=scripts,
    )
    page = context.new_page()
    seen = Shown(page)

    def answer(route: Route) -> None:
        url = route.request.url
        seen.asked.append(url)
        path = url.removeprefix(ORIGIN)
        if path == "/":
            headers = {"content-type": HTML, **SECURITY}
            route.fulfill(status=200, headers=headers, body=body)
        elif path.endswith("/near.html"):
            route.fulfill(status=200, headers={"content-type": HTML, **SECURITY}, body=NEAR)
        elif form := static.asset(path.removeprefix(PREFIX)) or said(path):
            headers = {"content-type": form.media_type, **SECURITY}
            route.fulfill(status=200, headers=headers, body=form.bodies[IDENTITY])
        else:
            route.fulfill(status=404, body=b"")

    def said(path: str) -> Representation | None:
        return SHOWN.get(path.removeprefix("/documents/demo/"))

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            seen.complaints.append(message.text)

    page.route("**/*", answer)
    page.on("console", listen)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(ORIGIN + "/")
    try:
        yield seen
    finally:
        context.close()


def barriers(page: Page) -> list[str]:
    """Return what axe-core finds on a page that would keep somebody out."""
    page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_AUDIT)
    return found


_AUDIT = """async () => {
  const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await axe.run(document, { runOnly: { type: "tag", values } });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}"""


def take(pages: Mapping[str, bytes], folder: Path, static: Static) -> list[str]:
    """Write <name>-<width>-<scheme>.png for every page; return what the browser complained of."""
    folder.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    with chromium() as browser:
        for name, body in pages.items():
            for width in WIDTHS:
                for scheme in SCHEMES:
                    with shown(browser, body, static, width, scheme) as seen:
                        file = folder / f"{name}-{width}-{scheme}.png"
                        seen.page.screenshot(path=file, full_page=True)
                        complaints += [f"{name}: {text}" for text in seen.complaints]
    return complaints
