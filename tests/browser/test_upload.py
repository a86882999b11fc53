"""Ten files of seven kinds at the studio, in a real browser before a real gateway."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, Route, expect

from tests.browser.serving import Gateway

PICTURES = os.environ.get("PAIDGATE_PICTURES", "")  # a folder: pictures of the pages are kept there
TEXT = "{}\n\n人人可读。##paidbegin##只有读者可读。##paidend##\n"
BAD = "{}\n\n人人可读。##paidbegin##只有读者可读。\n"

CASES = [(width, language) for language in ("zh-CN", "en") for width in (390, 1280)]
WORDS = {
    "zh-CN": {
        "key": "发布者的 API 密钥",
        "in": "登录",
        "files": "文件",
        "publish": "全部发布",
        "check": "全部检查",
        "stop": "停止",
        "remove": "移除",
        "address": "地址",
        "free": "全文免费",
    },
    "en": {
        "key": "API key",
        "in": "Sign in",
        "files": "Files",
        "publish": "Publish all",
        "check": "Check all",
        "stop": "Stop",
        "remove": "Remove",
        "address": "Address",
        "free": "Free for everyone",
    },
}


Open = Callable[..., Page]


@pytest.fixture
def sign_in(browser: Browser, gateway: Gateway) -> Iterator[Open]:
    """Return what opens the upload page, signed in, at a width and in a language."""
    contexts: list[BrowserContext] = []

    def opened(width: int = 1280, language: str = "zh-CN", *, scripts: bool = True) -> Page:
        context = browser.new_context(
            base_url=gateway.origin,
            locale=language,
            java_script_enabled=scripts,
            viewport={"width": width, "height": 844 if width < 600 else 900},
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/studio")
        page.get_by_label(WORDS[language]["key"]).fill(gateway.key)
        page.get_by_role("button", name=WORDS[language]["in"]).click()
        page.wait_for_url("**/studio")
        page.goto("/studio/upload")
        return page

    yield opened
    for context in contexts:
        context.close()


def ten_files(folder: Path, mark: str) -> list[Path]:
    """Write ten files of seven kinds; mark: what makes their names those of one test."""

    def write(name: str, body: bytes) -> Path:
        path = folder / name.format(mark)
        path.write_bytes(body)
        return path

    word = Document()
    word.add_heading("一份 Word 报告", 0)
    word.add_paragraph("人人可读。##paidbegin##只有读者可读。##paidend##")
    word.save(str(folder / f"季度报告-{mark}.docx"))
    broken = Document()
    broken.add_heading("没有结束", 0)
    broken.add_paragraph("人人可读。##paidbegin##只有读者可读。")
    broken.save(str(folder / f"broken-{mark}.docx"))
    page = "<title>网页</title><p>人人可读。##paidbegin##只有读者可读。##paidend##</p>"
    return [
        folder / f"季度报告-{mark}.docx",
        folder / f"broken-{mark}.docx",
        write("notes-{}.txt", TEXT.format("一份笔记").encode()),
        write("old-{}.txt", TEXT.format("旧编码的文本").encode("gb18030")),
        write("bad-{}.txt", BAD.format("漏了结束标记").encode()),
        write("post-{}.md", f"# 一篇文章\n\n{TEXT.format('第一段')}".encode()),
        write("page-{}.html", page.encode()),
        write("scan-{}.pdf", b"%PDF-1.7\n"),
        write("photo-{}.jpg", b"\xff\xd8\xff\xe0" + bytes(2_000_000)),
        write("long-{}.txt", b"x" * (20 << 20)),
    ]


def mark_of(width: int, language: str, kind: str) -> str:
    """Return what tells one test's files from another's."""
    return f"{width}-{language.lower()}-{kind}"


def row(page: Page, name: str) -> Locator:
    """Return the row of a file."""
    return page.locator("#rows tbody").filter(has_text=name)


def states(page: Page) -> list[str]:
    """Return what came of each file, in the order of the table."""
    found: list[str] = page.eval_on_selector_all(
        "#rows tbody", "all => all.map(each => each.dataset.state)"
    )
    return found


def settle(page: Page) -> list[str]:
    """Wait until nothing is on its way."""
    expect(page.locator('[data-state="queued"], [data-state="sending"]')).to_have_count(0)
    return states(page)


def keep(page: Page, name: str) -> None:
    """Keep a picture of a page, if pictures are wanted."""
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("width", "language"), CASES)
def test_ten_files_of_seven_kinds_are_told_apart_and_published(
    sign_in: Open, tmp_path: Path, width: int, language: str
) -> None:
    complaints: list[str] = []
    asked: list[tuple[str, str]] = []
    words, mark = WORDS[language], mark_of(width, language, "s")
    page = sign_in(width, language)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append((request.method, request.url)))
    keep(page, f"empty-{width}-{language}")
    page.get_by_label(words["files"], exact=True).set_input_files(ten_files(tmp_path, mark))
    told = settle(page)
    ready, refused, unread = ["ready"], ["refused"], ["other-kind"]
    assert told == ready + refused + ready * 2 + refused + ready * 2 + unread * 2 + ["too-large"]
    # Of what could be told before, nothing was sent.
    assert len([url for method, url in asked if method == "POST"]) == 7
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"checked-{width}-{language}")
    page.get_by_role("button", name=words["publish"]).click()
    told = settle(page)
    assert told.count("published") == 5
    expect(page.locator("#so-far")).to_be_focused()
    keep(page, f"published-{width}-{language}")
    address = row(page, f"季度报告-{mark}").locator("a.slug")
    expect(address).to_have_text(re.compile(f"ji-du-bao-gao-{mark}"))
    assert complaints == []


@pytest.mark.parametrize(("width", "language"), CASES)
def test_without_scripts_the_server_says_the_same(
    sign_in: Open, tmp_path: Path, width: int, language: str
) -> None:
    words, mark = WORDS[language], mark_of(width, language, "n")
    page = sign_in(width, language, scripts=False)
    page.get_by_label(words["files"], exact=True).set_input_files(ten_files(tmp_path, mark))
    page.get_by_role("button", name=words["publish"]).click()
    kinds = page.locator("#rows tbody")
    expect(kinds).to_have_count(10)
    for state, count in {"published": 5, "refused": 2, "other-kind": 2, "too-large": 1}.items():
        expect(page.locator(f'#rows [data-state="{state}"]')).to_have_count(count)
    keep(page, f"plain-{width}-{language}")
    row(page, f"bad-{mark}").get_by_label(words["address"]).fill("chosen")
    page.get_by_role("button", name=words["check"]).click()
    expect(row(page, f"bad-{mark}").get_by_label(words["address"])).to_have_value("chosen")
    expect(row(page, f"bad-{mark}").locator(".excerpt mark")).to_have_text("##paidbegin##")


def test_a_file_that_was_mended_and_chosen_again_takes_its_row(
    sign_in: Open, tmp_path: Path
) -> None:
    page, file = sign_in(), tmp_path / "mended-file.txt"
    file.write_text(BAD.format("要改的"))
    page.get_by_label("文件", exact=True).set_input_files(file)
    assert settle(page) == ["refused"]
    expect(page.locator(".excerpt mark")).to_have_text("##paidbegin##")
    page.get_by_role("textbox", name="地址").fill("chosen-by-hand")
    file.write_text(TEXT.format("改好的"))
    page.get_by_label("文件", exact=True).set_input_files(file)
    assert settle(page) == ["ready"]
    expect(page.get_by_role("textbox", name="地址")).to_have_value("chosen-by-hand")
    page.get_by_role("button", name="全部发布").click()
    assert settle(page) == ["published"]
    expect(page.locator("a.slug")).to_have_text("chosen-by-hand")


def test_a_file_on_its_way_shows_its_bytes_and_can_be_stopped(
    sign_in: Open, tmp_path: Path
) -> None:
    page, file = sign_in(), tmp_path / "on-its-way.txt"
    file.write_text(TEXT.format("一份" + "很长的" * 40_000))
    held: list[Route] = []
    page.route("**/studio/upload", lambda route: held.append(route))
    page.get_by_label("文件", exact=True).set_input_files(file)
    expect(page.locator("#rows progress")).to_be_visible()
    assert states(page) == ["sending"]
    page.get_by_role("button", name="停止", exact=True).click()
    assert states(page) == ["stopped"]
    expect(page.locator("#rows")).to_contain_text("没有发布任何内容")
    for route in held:
        route.abort()
    page.unroute("**/studio/upload")
    page.get_by_role("button", name="全部检查").click()
    assert settle(page) in (["ready"], ["refused"])
    page.get_by_role("button", name="移除").click()
    expect(page.locator("#rows")).to_be_hidden()
    expect(page.locator("#so-far")).to_be_attached()


def test_what_is_typed_while_a_file_is_on_its_way_stays(sign_in: Open, tmp_path: Path) -> None:
    page, file = sign_in(), tmp_path / "typed-meanwhile.txt"
    file.write_text(TEXT.format("一份"))
    held: list[Route] = []
    page.route("**/studio/upload", lambda route: held.append(route))
    page.get_by_label("文件", exact=True).set_input_files(file)
    expect(page.locator("#rows progress")).to_be_visible()
    page.get_by_role("textbox", name="地址").fill("by-hand-meanwhile")
    held[0].continue_()
    assert settle(page) == ["ready"]
    expect(page.get_by_role("textbox", name="地址")).to_have_value("by-hand-meanwhile")
    expect(page.get_by_role("textbox", name="地址")).to_be_focused()


def test_a_broken_connection_is_told_and_the_file_sent_again(sign_in: Open, tmp_path: Path) -> None:
    page, file = sign_in(), tmp_path / "broken-connection.txt"
    file.write_text(TEXT.format("一份"))
    page.route("**/studio/upload", lambda route: route.abort("connectionreset"), times=1)
    page.get_by_label("文件", exact=True).set_input_files(file)
    assert settle(page) == ["failed"]
    expect(page.locator("#rows")).to_contain_text("连接中断")
    page.get_by_role("button", name="全部发布").click()
    assert settle(page) == ["published"]


def test_files_and_a_folder_are_dropped(sign_in: Open, tmp_path: Path) -> None:
    page, folder = sign_in(), tmp_path / "dropped"
    (folder / "trees").mkdir(parents=True)
    (folder / "trees" / "index.md").write_text(TEXT.format("# 树"))
    (folder / "first-dropped.txt").write_text(TEXT.format("第一篇"))
    (folder / ".hidden.txt").write_text(TEXT.format("不要"))
    (folder / "~$first.docx").write_bytes(b"of Word while it is open")
    long = tmp_path / "dropped-long.txt"
    long.write_bytes(b"x" * (20 << 20))
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder), str(long)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})
    expect(page.locator("#rows tbody")).to_have_count(3)
    settle(page)
    expect(page.locator('#rows [data-state="ready"]')).to_have_count(2)
    expect(row(page, "dropped-long.txt")).to_contain_text("20.0 MiB")
    slugs = page.get_by_role("textbox", name="地址").evaluate_all("all => all.map(e => e.value)")
    assert {"trees", "first-dropped"} <= set(slugs)


def test_text_and_files_are_pasted(sign_in: Open) -> None:
    page = sign_in()
    page.evaluate(
        """text => {
            for (const kind of ["text", "file"]) {
                const data = new DataTransfer();
                if (kind === "text") data.setData("text/plain", text);
                else data.items.add(new File([text + "又"], "pasted.md"));
                const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
                document.body.dispatchEvent(event);
            }
        }""",
        TEXT.format("贴上的文章"),
    )
    assert settle(page) == ["ready", "ready"]
    expect(page.locator("#rows")).to_contain_text("贴上的文章.txt")
    slugs = page.get_by_role("textbox", name="地址").evaluate_all("all => all.map(e => e.value)")
    assert slugs == ["tie-shang-de-wen-zhang", "pasted"]


def test_the_keyboard_alone_mends_and_publishes(sign_in: Open, tmp_path: Path) -> None:
    page, file = sign_in(), tmp_path / "by-keyboard.txt"
    file.write_text("没有付费内容\n\n人人可读。\n")
    page.get_by_label("文件", exact=True).set_input_files(file)
    assert settle(page) == ["refused"]
    tick = page.get_by_label("全文免费")
    page.get_by_role("textbox", name="地址").focus()
    while not tick.evaluate("e => e === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.get_by_role("textbox", name="地址").focus()
    page.keyboard.press("Enter")
    assert settle(page) == ["ready"]
    button = page.get_by_role("button", name="全部发布")
    while not button.evaluate("e => e === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert settle(page) == ["published"]
    expect(page.get_by_role("status").first).to_contain_text("已发布 1")


def test_files_outlive_the_session_in_which_they_were_chosen(
    sign_in: Open, gateway: Gateway, tmp_path: Path
) -> None:
    page, file = sign_in(), tmp_path / "outlives.txt"
    file.write_text(TEXT.format("一份"))
    page.get_by_label("文件", exact=True).set_input_files(file)
    assert settle(page) == ["ready"]
    other = page.context.new_page()
    other.goto("/studio")
    other.get_by_role("button", name="退出").click()
    other.get_by_label("发布者的 API 密钥").wait_for()
    page.get_by_role("button", name="全部发布").click()
    assert settle(page) == ["failed"]
    expect(page.locator("#rows")).to_contain_text("登录")
    other.get_by_label("发布者的 API 密钥").fill(gateway.key)
    other.get_by_role("button", name="登录").click()
    other.wait_for_url("**/studio")
    page.get_by_role("button", name="全部发布").click()
    assert settle(page) == ["published"]


def answer_elsewhere(page: Page, status: int) -> None:
    """Have a proxy answer the next upload."""
    body = f"<html><body><center><h1>{status} of a proxy</h1></center></body></html>"

    def answer(route: Route) -> None:
        route.fulfill(status=status, content_type="text/html", body=body)

    page.route("**/studio/upload", answer, times=1)


def test_an_answer_from_elsewhere_is_told_as_it_is(sign_in: Open, tmp_path: Path) -> None:
    page, file = sign_in(), tmp_path / "answered-elsewhere.txt"
    file.write_text(TEXT.format("一份"))
    answer_elsewhere(page, 413)
    page.get_by_label("文件", exact=True).set_input_files(file)
    assert settle(page) == ["failed"]
    expect(page.locator("#rows")).to_contain_text("413 of a proxy")
    answer_elsewhere(page, 504)
    page.get_by_role("button", name="全部发布").click()
    assert settle(page) == ["unsure"]
    expect(page.locator("#rows")).to_contain_text("可能已经发布")
    page.get_by_role("button", name="全部发布").click()
    assert settle(page) == ["published"]


def test_a_page_with_files_is_not_left_without_a_question(sign_in: Open, tmp_path: Path) -> None:
    page, file = sign_in(), tmp_path / "left.txt"
    file.write_text(BAD.format("一份"))
    page.get_by_label("文件", exact=True).set_input_files(file)
    settle(page)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("button", name="全部检查").click()  # browsers ask only whoever did something
    settle(page)
    page.get_by_role("link", name="文档", exact=True).first.click(no_wait_after=True)
    expect(page.locator("#rows tbody")).to_have_count(1)
    assert asked == ["beforeunload"]
