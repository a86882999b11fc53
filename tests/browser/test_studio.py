"""A publisher's day at the studio, in a real browser before a real gateway."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect

from gateway.web.studio.drafts import suggested_slug
from tests.browser.serving import Gateway

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "content" / "demo" / "party-building-report-2023.txt"
BROKEN = "一份报告\n\n正文 ##paidbegin##付费的内容\n又##paidbegin##一次\n"
TEXT = "一份报告\n\n人人可读。##paidbegin##只有读者可读。##paidend##\n"


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def context(
    request: pytest.FixtureRequest, browser: Browser, gateway: Gateway
) -> Iterator[BrowserContext]:
    """Open a phone that speaks Chinese, with and without scripts."""
    opened = browser.new_context(
        base_url=gateway.origin,
        java_script_enabled=request.param,
        locale="zh-CN",
        viewport={"width": 390, "height": 844},
    )
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, gateway: Gateway) -> Page:
    """Sign in."""
    page = context.new_page()
    page.goto("/studio")
    page.get_by_label("发布者的 API 密钥").fill(gateway.key)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="文档", exact=True)).to_be_visible()
    return page


@pytest.fixture
def slug(request: pytest.FixtureRequest) -> str:
    """Name a document of this test's own."""
    return suggested_slug(request.node.name)


def press(page: Page, name: str) -> None:
    """Press the first button of a name."""
    page.get_by_role("button", name=name, exact=True).first.click()


# How many lines of text something has, where it is shown.
LINES = """each => {
  const range = document.createRange();
  range.selectNodeContents(each);
  return new Set([...range.getClientRects()].map(box => box.top)).size;
}"""


@pytest.mark.parametrize("width", [390, 320])
def test_the_buttons_beside_a_heading_say_their_words_on_one_line(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    buttons = page.locator(".page-head .button").all()
    assert [button.evaluate(LINES) for button in buttons] == [1, 1]


def test_a_text_is_mended_looked_at_and_published(
    page: Page, request: pytest.FixtureRequest
) -> None:
    slug = f"mended-{len(request.node.name)}"
    page.goto("/studio/new")
    page.get_by_label("正文").fill(BROKEN)
    page.get_by_label("地址").fill(slug)
    press(page, "检查")
    expect(page.get_by_role("alert")).to_contain_text("有 2 处需要修改")
    expect(page.locator(".finding-place").first).to_have_text("第 3 行，第 4 列")
    expect(page.locator(".excerpt mark").first).to_have_text("##paidbegin##")
    expect(page.get_by_label("正文")).to_have_value(BROKEN)
    page.get_by_label("正文").fill(TEXT)
    press(page, "检查")
    shown = page.get_by_role("region", name="预览")
    expect(shown).to_contain_text("人人可读。")
    expect(shown).not_to_contain_text("只有读者可读。")
    press(page, "发布")
    expect(page.get_by_role("status")).to_contain_text("已发布")
    page.get_by_role("link", name="打开预览页").click()
    expect(page.locator("article")).to_contain_text("人人可读。")
    assert "只有读者可读。" not in page.content()


def test_a_link_unlocks_a_published_file_until_it_is_taken_back(
    page: Page, browser: Browser, slug: str
) -> None:
    page.goto("/studio/new")
    page.get_by_label("文件").set_input_files(SAMPLE)
    page.get_by_label("地址").fill(slug)
    press(page, "发布")
    expect(page.get_by_role("status")).to_contain_text("已发布")
    page.get_by_label("这篇文档").get_by_role("link", name="阅读权限").click()
    page.get_by_label("给谁").fill("王小明")
    press(page, "生成链接")
    link = page.get_by_role("textbox", name="解锁链接").input_value()
    reader = browser.new_context(locale="zh-CN").new_page()
    reader.goto(link)
    reader.locator("main form button").click()
    last = SAMPLE.read_text().replace("##paidend##", "").split("。")[-2][-12:]
    expect(reader.locator("article")).to_contain_text(last)
    ask = page.locator(".sure summary")
    ask.click()
    ask.get_by_text("保留").click()
    expect(page.locator(".sure form")).to_be_hidden()
    ask.click()
    press(page, "收回")
    expect(page.get_by_role("status")).to_contain_text("权限已收回")
    assert (reader.reload() or pytest.fail("no answer")).status in (402, 403)
    assert last not in reader.content()
    reader.context.close()


def test_codes_are_made_kept_typed_and_taken_back(page: Page, browser: Browser, slug: str) -> None:
    page.goto("/studio/new")
    page.get_by_label("正文").fill(TEXT)
    page.get_by_label("地址").fill(slug)
    press(page, "发布")
    page.get_by_label("这篇文档").get_by_role("link", name="阅读权限").click()
    page.get_by_label("数量").fill("3")
    page.get_by_label("每个可用次数").fill("2")
    press(page, "生成兑换码")
    words = page.get_by_role("textbox", name="兑换码").input_value().split("\n")
    with page.expect_download() as download:
        press(page, "下载表格（CSV）")
    table = Path(download.value.path()).read_text()
    assert [line.split(",")[1] for line in table.splitlines()[1:]] == words
    reader = browser.new_context(locale="zh-CN", base_url=page.url).new_page()
    reader.goto(f"/documents/demo/{slug}")
    reader.get_by_label("兑换码或链接").fill(words[0].lower().replace("-", " "))
    reader.locator("form.redeem button").click()
    expect(reader.locator("article")).to_contain_text("只有读者可读。")
    page.goto(f"/studio/documents/{slug}/rights")
    expect(page.get_by_role("region", name="兑换码", exact=True)).to_contain_text(
        "还可用 1 次，共 2 次"
    )
    page.get_by_role("link", name="3 台设备").click()
    press(page, "移除")
    expect(page.get_by_role("status")).to_contain_text("设备已移除")
    assert (reader.reload() or pytest.fail("no answer")).status == 402
    reader.context.close()


def test_two_who_edit_at_once_lose_nothing(page: Page, slug: str) -> None:
    page.goto("/studio/new")
    page.get_by_label("正文").fill(TEXT)
    page.get_by_label("地址").fill(slug)
    press(page, "发布")
    other = page.context.new_page()
    for each, word in ((page, "甲"), (other, "乙")):
        each.goto(f"/studio/documents/{slug}/edit")
        each.get_by_label("正文").fill(TEXT + word)
    press(page, "发布")
    expect(page.get_by_role("status")).to_contain_text("已发布")
    press(other, "发布")
    expect(other.get_by_role("alert")).to_contain_text("有了新版本")
    expect(other.get_by_label("正文")).to_have_value(TEXT + "乙")
    expect(other.get_by_label("当前版本的文本")).to_have_value(TEXT + "甲")
    press(other, "发布")
    expect(other.get_by_role("status")).to_contain_text("已发布")
    other.goto(f"/studio/documents/{slug}/delete")
    press(other, "删除")
    expect(other.get_by_role("status")).to_contain_text("文档已删除")


def test_a_file_above_the_limit_is_told_so(page: Page, tmp_path: Path) -> None:
    big = tmp_path / "big.txt"
    for size in ((16 << 20) + 1, 20 << 20):
        big.write_bytes(b"x" * size)
        page.goto("/studio/new")
        page.get_by_label("文件").set_input_files(big)
        press(page, "检查")
        expect(page.locator("main")).to_contain_text(re.compile("[太过]大"))


def test_no_page_is_wider_than_a_phone_and_no_policy_is_broken(page: Page, slug: str) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto("/studio/new")
    page.get_by_label("正文").fill(TEXT)
    page.get_by_label("地址").fill(slug)
    press(page, "发布")
    document = f"/documents/{slug}"
    for path in ("", "/new", "/rights", document, f"{document}/edit", f"{document}/rights"):
        page.goto(f"/studio{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    assert complaints == []


@pytest.mark.parametrize("context", [True], indirect=True, ids=["script"])
def test_a_draft_is_left_neither_by_its_preview_nor_without_a_question(page: Page) -> None:
    page.goto("/studio/new")
    page.get_by_label("地址").fill("left")
    page.get_by_label("正文").fill(TEXT)
    press(page, "检查")
    page.locator(".look-frame .near a").click()
    expect(page.locator(".look-frame")).to_be_visible()
    page.get_by_label("正文").fill(TEXT + "还有一句。")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="文档", exact=True).first.click(no_wait_after=True)
    expect(page.get_by_label("正文")).to_have_value(TEXT + "还有一句。")
    assert asked == ["beforeunload"]
