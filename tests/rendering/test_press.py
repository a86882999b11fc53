"""The press sets a projection into its public forms and a full text into a reader's."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import brotli
import pytest
import zstandard
from selectolax.lexbor import LexborHTMLParser

import gateway.core
from gateway.core.bundles import IDENTITY, Bundle
from gateway.core.documents import PLACEHOLDER, SIZE_STEPS, Offer
from gateway.rendering.encodings import FIRST_PACKETS
from gateway.rendering.press import PagePress
from gateway.rendering.representations import REPRESENTATIONS
from tests.web.sheets import (
    ADDRESS,
    HOSTILE,
    OFFERS,
    PAGES,
    PRESS,
    body,
    full_text,
    inline_of,
    one,
    projection,
)

REGISTER = json.loads((Path(gateway.core.__file__).parent / "disclosures.json").read_text("utf-8"))
NAMES = [each.name for each in REPRESENTATIONS]
FORMS = (*NAMES, "html.refused")


def public(**meta: object) -> Bundle:
    """Set the sample report, with other declared metadata."""
    return PRESS.public(projection(**meta), "e1")  # type: ignore[arg-type]


def page(bundle: Bundle, form: str = "html") -> LexborHTMLParser:
    """Read a page as a browser does."""
    return LexborHTMLParser(body(bundle, form))


def linked_data(bundle: Bundle) -> dict[str, object]:
    """Return what a page says to search engines."""
    found = json.loads(one(page(bundle), "script[type='application/ld+json']").text())
    assert isinstance(found, dict)
    return found


# --- the panel ---------------------------------------------------------------------------------


def test_the_panel_stands_where_the_sentence_breaks_off() -> None:
    before, after = body(public()).split('<aside class="paywall"')
    assert before.rstrip().endswith("压实XX各基层党组织书记抓基层</p>")
    assert "党建的责任" not in after


def test_the_first_panel_holds_the_form_and_later_ones_lead_to_it() -> None:
    text = PLACEHOLDER.join(("甲", "乙", "丙", ""))
    tree = page(PRESS.public(projection(text, (0, 500, 50_000)), "e1"))
    first, *later = tree.css(".paywall")
    assert first.id == "unlock"
    assert first.css_first("form[method=post][action='/unlock'] input[name=code]")
    assert len(later) == 2
    for panel in later:
        assert not panel.css("form, .paywall-offers")
        assert panel.css_first("a[href='#unlock']")


def test_the_panel_names_each_offer_with_its_price_and_link() -> None:
    tree = page(public())
    names = [node.text() for node in tree.css(".offer-name")]
    prices = [node.text() for node in tree.css(".offer-price")]
    assert (names, prices) == (["购买本篇全文", "购买年度合集"], ["¥9.90", "¥128"])
    assert [link.attributes["href"] for link in tree.css("a.offer")] == [
        f"https://shop.example/report?document={ADDRESS}"
    ]
    assert [node.text().strip() for node in tree.css(".offer-note")] == ["请向发布者询问付款方式。"]


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://a.example/b?c=d#e", f"https://a.example/b?c=d&document={ADDRESS}&return={{}}#e"),
        ("/buy", f"/buy?document={ADDRESS}&return={{}}"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)
def test_a_shop_is_told_what_is_bought_and_where_its_buyer_goes_on(url: str, link: str) -> None:
    based = PagePress(PAGES, "https://paid.example")
    bundle = based.public(projection(offers=(Offer("甲", "1", url),)), "e1")
    shown = one(page(bundle), "a.offer").attributes["href"]
    assert shown == link.replace("{}", "https%3A//paid.example/unlock")
    assert json.loads(body(bundle, "json"))["offers"][0]["url"] == url


def test_three_offers_stand_at_once_and_the_others_are_folded() -> None:
    offers = tuple(Offer(f"甲{n}", "¥1", "/buy", f"{n} 年") for n in range(5))
    tree = page(public(offers=offers))
    assert len(tree.css(".paywall > .paywall-offers .offer")) == 3
    assert len(tree.css("details .offer")) == 2
    assert [node.text().strip() for node in tree.css(".offer-note")] == [
        f"{n} 年" for n in range(5)
    ]


@pytest.mark.parametrize(
    ("name", "shown"), [("订阅全年", "订阅全年"), ("Buy it", "Buy it"), ("Buyer", "购买Buyer")]
)
def test_a_name_that_says_what_it_does_is_not_told_so_twice(name: str, shown: str) -> None:
    tree = page(public(offers=(Offer(name, "1", "/buy"),)))
    assert one(tree, ".offer-name").text() == shown


@pytest.mark.parametrize(("offers", "is_open"), [(OFFERS, False), ((), True)])
def test_the_field_for_a_code_is_folded_where_something_can_be_bought(
    offers: tuple[Offer, ...], is_open: bool
) -> None:
    fold = one(page(public(offers=offers)), "details:has(#unlock-code)")
    assert ("open" in fold.attributes) == is_open


def test_the_panel_holds_five_lines_of_the_declared_outline() -> None:
    lines = tuple(f"第 {number} 节" for number in range(7))
    shown = [node.text() for node in page(public(outline=lines)).css(".paywall-outline li")]
    assert shown == list(lines[:5])
    free = PRESS.public(projection("全文免费。", (), outline=lines), "e1")
    assert "第 1 节" not in "".join(body(free, name) for name in NAMES)


def test_later_sections_have_names_of_their_own() -> None:
    text = PLACEHOLDER.join("甲乙丙丁")
    tree = page(PRESS.public(projection(text, (0, 0, 0)), "e1"))
    names = [node.attributes["aria-label"] for node in tree.css(".paywall-more")]
    assert names == ["付费内容 2", "付费内容 3"]


@pytest.mark.parametrize("step", SIZE_STEPS)
def test_a_panel_says_the_step_and_nothing_finer(step: int) -> None:
    tree = page(PRESS.public(projection(cuts=(step,)), "e1"))
    title, length = (node.text() for node in tree.css(".paywall-size"))
    assert title == (f"后面还有 {step:,} 多字" if step else "下文为付费内容")
    assert length == (f"约 {max(1, round(step / 400))} 分钟" if step else "")


@pytest.mark.parametrize(
    ("cuts", "told"),
    [
        (
            (0, 20_000, 500),
            ["后面还有 20,500 多字", " · 约 51 分钟", " · 20,000 字以上", " · 500 字以上"],
        ),
        ((0, 0), ["下文为付费内容", "", ""]),
    ],
)
def test_of_several_sections_the_panel_tells_the_sum_and_their_lines_the_steps(
    cuts: tuple[int, ...], told: list[str]
) -> None:
    text = PLACEHOLDER.join("甲" * (len(cuts) + 1))
    tree = page(PRESS.public(projection(text, cuts), "e1"))
    assert [node.text() for node in tree.css(".paywall-size")] == told


def test_a_document_without_a_paid_section_has_no_paywall_and_no_offer() -> None:
    bundle = PRESS.public(projection("全文免费。", ()), "e1")
    assert not page(bundle).css(".paywall, .offer")
    assert linked_data(bundle)["isAccessibleForFree"] is True
    assert json.loads(body(bundle, "json"))["offers"] == []


def test_cuts_that_do_not_fit_the_text_are_not_set() -> None:
    with pytest.raises(ValueError, match="zip"):
        PRESS.public(projection(cuts=(0, 500)), "e1")


# --- what may differ ---------------------------------------------------------------------------


def _mask_html(text: str, selector: str) -> str:
    name = selector.removeprefix(".")
    return re.sub(rf'(<span class="{name}">)[^<]*', r"\1", text)


def _mask_lines(text: str, name: str) -> str:
    assert name == "paywall-size"
    return re.sub(r"^(\[[^·\n]*·)(?:[^·\n]*·)?([^·\n]*\])$", r"\1\2", text, flags=re.MULTILINE)


def _mask_json(text: str, pointer: str) -> str:
    _, sections, _, key = pointer.split("/")
    facts = json.loads(text)
    for section in facts[sections]:
        if key in section:
            section[key] = None
    return json.dumps(facts)


MASKS: dict[str, Callable[[str, str], str]] = {
    "html": _mask_html,
    "html.refused": _mask_html,
    "md": _mask_lines,
    "txt": _mask_lines,
    "json": _mask_json,
}


def masked(bundle: Bundle, disclosure: str) -> dict[str, str]:
    """Return every form without what a disclosure points at."""
    [entry] = [entry for entry in REGISTER if entry["id"] == disclosure]
    pointers = dict(pointer.split(":", 1) for pointer in entry["pointer"])
    return {
        form: MASKS[form](body(bundle, form), pointers[form.partition(".")[0]]) for form in FORMS
    }


@pytest.mark.parametrize(("step", "other"), list(combinations(SIZE_STEPS, 2)))
def test_two_size_steps_differ_only_at_the_declared_places(step: int, other: int) -> None:
    text = f"甲{PLACEHOLDER}乙{PLACEHOLDER}"
    first = PRESS.public(projection(text, (step, other)), "e1")
    second = PRESS.public(projection(text, (other, step)), "e1")
    assert masked(first, "DR-SIZE") == masked(second, "DR-SIZE")
    for form in FORMS:
        assert body(first, form) != body(second, form)
    assert first.entry == second.entry


def test_the_register_says_all_that_a_disclosure_needs() -> None:
    assert [entry["id"] for entry in REGISTER] == [
        "DR-PAID",
        "DR-COUNT",
        "DR-POS",
        "DR-OFFERS",
        "DR-OUTLINE",
        "DR-SIZE",
    ]
    for entry in REGISTER:
        assert set(entry) == {"id", "surface", "pointer", "function", "bits", "default"}
    assert 2 ** REGISTER[-1]["bits"] >= len(SIZE_STEPS)


def test_every_place_that_the_register_names_is_there() -> None:
    tree = page(public())
    for entry in REGISTER:
        for pointer in entry["pointer"]:
            form, _, place = pointer.partition(":")
            if form == "html":
                assert tree.css(place.partition("#/")[0]), pointer


def test_the_edition_is_no_part_of_any_public_byte() -> None:
    one, other = PRESS.public(projection(), "e1"), PRESS.public(projection(), "e2")
    assert (one.forms, one.entry) == (other.forms, other.entry)


def test_a_bundle_is_the_same_bytes_each_time() -> None:
    again = PagePress(PAGES)
    assert PRESS.public(projection(), "e1").pack("") == again.public(projection(), "e1").pack("")
    assert PRESS.full(full_text(), "e1").pack("") == again.full(full_text(), "e1").pack("")


# --- codings -----------------------------------------------------------------------------------


def test_every_coding_decodes_to_the_identity() -> None:
    bundle = public()
    for name in NAMES:
        bodies = bundle.forms[name].bodies
        assert set(bodies) == {IDENTITY, "br", "zstd", "gzip"}
        assert brotli.decompress(bodies["br"]) == bodies[IDENTITY]
        assert zstandard.decompress(bodies["zstd"]) == bodies[IDENTITY]
        assert gzip.decompress(bodies["gzip"]) == bodies[IDENTITY]


def test_each_public_form_has_a_strong_etag_of_its_own_bytes() -> None:
    etags = [public().forms[name].etag for name in NAMES]
    assert len(set(etags)) == 4
    assert all(re.fullmatch(r'"[0-9a-f]{32}"', etag) for etag in etags)


def test_a_readers_forms_are_compressed_if_they_are_long_and_never_tagged() -> None:
    bundle = PRESS.full(full_text(), "e1")
    assert set(bundle.forms) == {"html.zh-CN", "html.en", "md", "txt", "json"}
    assert bundle.entry is None
    for form in bundle.forms.values():
        is_long = len(form.bodies[IDENTITY]) > FIRST_PACKETS
        assert (set(form.bodies), form.etag) == ({IDENTITY, "br"} if is_long else {IDENTITY}, "")


# --- hostile text ------------------------------------------------------------------------------


def test_declared_text_is_never_markup_script_or_template() -> None:
    bundle = public(
        title=HOSTILE,
        author=HOSTILE,
        summary=HOSTILE,
        collection=HOSTILE,
        offers=(Offer(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        outline=(HOSTILE,),
    )
    for form in ("html", "html.refused"):
        tree = page(bundle, form)
        assert one(tree, "h1").text() == HOSTILE
        assert all(
            "alert" not in script.text() or script.attributes["type"]
            for script in tree.css("script")
        )
        assert "<script>alert" not in body(bundle, form)
        assert "49" not in one(tree, "h1").text()
    assert linked_data(bundle)["headline"] == HOSTILE
    assert json.loads(body(bundle, "json"))["title"] == HOSTILE
    assert "\\<script\\>" in body(bundle, "md").partition("\n# ")[2].split("\n")[0]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " java\nscript:alert(1)",
        "data:text/html,x",
        "//other.example/",
        "/\\other.example",
        "vbscript:x",
        "https://a b",
    ],
)
def test_an_offer_links_only_to_plain_addresses(url: str) -> None:
    bundle = public(offers=(Offer("甲", "1", url),))
    assert not page(bundle).css("a.offer")
    (offer,) = json.loads(body(bundle, "json"))["offers"]
    assert (offer["name"], offer["price"], offer["url"], offer["note"]) == ("甲", "1", "", "")


def test_a_title_of_several_lines_stays_on_one() -> None:
    bundle = public(title="甲\r\nSet-Cookie: a=b\n# 乙")
    assert body(bundle, "txt").split("\n")[0] == "甲 Set-Cookie: a=b # 乙"
    assert body(bundle, "md").split("\n")[1] == 'title: "甲 Set-Cookie: a=b # 乙"'
    assert (
        body(bundle, "md").partition("---\n\n")[2].split("\n")[0] == "# 甲 Set-Cookie: a=b \\# 乙"
    )
    assert bundle.entry
    assert bundle.entry.title == "甲 Set-Cookie: a=b # 乙"


@pytest.mark.parametrize("form", ["html", "html.refused"])
def test_a_public_page_has_no_inline_style_or_script_and_only_its_own_assets(form: str) -> None:
    assert inline_of(page(public(), form)) == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_readers_page_has_no_inline_style_or_script(language: str) -> None:
    bundle = PRESS.full(full_text(), "e1")
    assert inline_of(page(bundle, f"html.{language}")) == []


# --- other forms -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["md", "txt"])
def test_a_line_stands_for_the_paid_section(form: str) -> None:
    lines = body(public(), form).rstrip("\n").split("\n")
    assert lines[-1] == f"[付费内容 · 2,000 字以上 · 解锁：/documents/{ADDRESS}#unlock]"
    assert lines[-3].endswith("书记抓基层")


def test_the_line_speaks_the_language_of_the_document() -> None:
    english = projection(f"One{PLACEHOLDER}two", (0,), language="en-GB", title="One")
    line = body(PRESS.public(english, "e1"), "txt").split("\n")[4]
    assert line == f"[Paid section · unlock: /documents/{ADDRESS}#unlock]"


def test_the_json_holds_the_sections_in_order() -> None:
    bundle = PRESS.public(projection(f"{PLACEHOLDER}甲{PLACEHOLDER}", (500, 0)), "e1")
    facts = json.loads(body(bundle, "json"))
    assert [section["kind"] for section in facts["sections"]] == ["paid", "free", "paid"]
    assert facts["sections"][1] == {"kind": "free", "html": "<p>甲</p>", "text": "甲"}
    assert (facts["address"], facts["unlock"]) == (str(ADDRESS), "/unlock")


def test_placeholders_are_never_shown_raw() -> None:
    for name in FORMS:
        assert PLACEHOLDER not in body(public(), name)


def test_the_full_text_is_whole_in_every_form() -> None:
    bundle = PRESS.full(full_text(), "e1")
    for name in bundle.forms:
        assert "书记抓基层党建的责任" in body(bundle, name)
        assert "整体工作高质量发展" in body(bundle, name)


def test_a_full_text_keeps_its_language_in_either_interface() -> None:
    bundle = PRESS.full(full_text(), "e1")
    tree = page(bundle, "html.en")
    assert one(tree, "html").attributes["lang"] == "en"
    assert one(tree, "article").attributes["lang"] == "zh-CN"
    assert "My library" in body(bundle, "html.en")
    assert "我的书架" in body(bundle, "html.zh-CN")


# --- what engines and lists read ---------------------------------------------------------------


def test_linked_data_tell_of_the_paywall_and_of_no_text() -> None:
    data = linked_data(public())
    assert data["isAccessibleForFree"] is False
    assert data["hasPart"] == {
        "@type": "WebPageElement",
        "isAccessibleForFree": False,
        "cssSelector": ".paywall",
    }
    assert not {"articleBody", "wordCount", "text"} & set(data)


def test_absolute_addresses_appear_only_where_a_base_is_given() -> None:
    assert one(page(public()), "link[rel=canonical]").attributes["href"] == f"/documents/{ADDRESS}"
    assert "https://paid.example" not in body(public())
    based = PagePress(PAGES, "https://paid.example/").public(projection(), "e1")
    link = one(page(based), "link[rel=canonical]")
    assert link.attributes["href"] == f"https://paid.example/documents/{ADDRESS}"
    assert json.loads(body(based, "json"))["unlock"] == "https://paid.example/unlock"


def test_the_declared_summary_comes_first() -> None:
    entry = public(summary="  一句话。 ").entry
    assert entry
    assert entry.summary == "一句话。"


def test_a_summary_stops_before_the_first_cut() -> None:
    entry = PRESS.public(projection(f"甲{PLACEHOLDER}乙"), "e1").entry
    assert entry
    assert entry.summary == "甲"


def test_a_summary_is_of_what_paragraphs_say() -> None:
    note = '<sup class="footnote-ref"><a href="#n">[1]</a></sup>'
    html = f"<h2>One</h2><table><tbody><tr><td>5</td></tr></tbody></table><p>Pears{note}.</p>"
    html += "<ul><li>And <b>apples</b>。</li><li>都有。</li></ul><pre>x = 1</pre>"
    for text, told in ((html, "Pears. And apples。都有。"), ("<h2>One</h2>", "One")):
        plain = projection("One")
        free = replace(plain, rendering=replace(plain.rendering, html=text), cuts=())
        entry = PRESS.public(free, "e1").entry
        assert entry
        assert entry.summary == told


def test_a_summary_breaks_neither_a_word_nor_a_character() -> None:
    words = "A sentence of ordinary words. " * 10
    joined = "字" * 139 + "e\u0301" + "尾" * 20
    family = "字" * 138 + "👨\u200d👩\u200d👧" + "尾" * 20
    for text, kept in (
        (words, words[:133]),
        (joined, joined[:139]),
        (family, family[:138]),
    ):
        entry = PRESS.public(projection(text + PLACEHOLDER), "e1").entry
        assert entry
        assert entry.summary == kept + "…"


def test_a_change_of_times_is_all_that_times_change() -> None:
    later = replace(projection(), updated="2025-04-01T00:00:00Z")
    assert PRESS.public(later, "e1").forms["txt"] == public().forms["txt"]
    assert PRESS.public(later, "e1").forms["html"] != public().forms["html"]
