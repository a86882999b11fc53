"""Bytes become text once and strictly, or are refused at a place."""

from __future__ import annotations

import codecs
import re
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import Refused, Unsupported
from gateway.core.findings import Finding, FindingCode
from gateway.formats.decoding import FORBIDDEN, decode
from tests.support.examples import examples

CHINESE = (
    "深入学习贯彻党的大会精神，衷心拥护“两个确立”，忠诚践行“两个维护”。##paidbegin##正文##paidend##"
)

texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=60).filter(
    lambda text: not FORBIDDEN.search(text) and not text.startswith("\ufeff")
)


def finding(body: bytes, charset: str | None = None) -> Finding:
    with pytest.raises(Refused) as refused:
        decode(body, charset)
    (found,) = refused.value.findings
    assert found.code is FindingCode.UNDECODABLE
    return found


@pytest.mark.parametrize("charset", [None, "utf-8", "UTF8", " utf-8 ", '"utf-8"', ""])
def test_utf8_is_read_with_and_without_a_declaration(charset: str | None) -> None:
    assert decode(CHINESE.encode(), charset) == CHINESE


@pytest.mark.parametrize(
    "charset",
    ["gb18030", "GBK", "gb2312", "x-gbk", "cp936", "GB_2312-80", "chinese", "csGB2312", "EUC-CN"],
)
def test_the_names_of_gb18030_all_read_it(charset: str) -> None:
    assert decode(CHINESE.encode("gb18030"), charset) == CHINESE


@settings(derandomize=True, deadline=None)
@given(texts)
def test_a_byte_order_mark_changes_nothing(text: str) -> None:
    assert decode(codecs.BOM_UTF8 + text.encode(), None) == decode(text.encode(), "utf-8")


@settings(derandomize=True, deadline=None)
@given(texts, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]))
def test_every_declared_encoding_gives_the_same_text(text: str, codec: str) -> None:
    expected = decode(text.encode(), "utf-8")
    assert decode(text.encode(codec), codec.removesuffix("-sig")) == expected


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_is_read_by_its_mark_alone(codec: str) -> None:
    assert decode(("\ufeff" + CHINESE).encode(codec), None) == CHINESE
    assert decode(("\ufeff" + CHINESE).encode(codec), "utf-16") == CHINESE


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-32"])
@pytest.mark.parametrize("charset", [None, "utf-8", "gb18030"])
def test_wide_encodings_without_a_mark_are_refused(codec: str, charset: str | None) -> None:
    with pytest.raises(Refused):
        decode("a##paidbegin##CANARY_P".encode(codec), charset)


def test_declared_utf16_without_a_mark_is_refused() -> None:
    assert "byte order mark" in finding(CHINESE.encode("utf-16-le"), "utf-16").message


@pytest.mark.parametrize(
    ("mark", "charset"),
    [(codecs.BOM_UTF8, "gbk"), (codecs.BOM_UTF16_LE, "utf-8"), (b"\x84\x31\x95\x33", "utf-8")],
)
def test_a_mark_that_contradicts_the_declaration_is_refused(mark: bytes, charset: str) -> None:
    assert finding(mark + b"a\0", charset).column == 1


def test_gb18030_is_found_where_it_alone_fits() -> None:
    assert decode(CHINESE.encode("gb18030"), None) == CHINESE
    assert decode(b"\n" * 5 + "中文".encode("gbk"), None) == "\n" * 5 + "中文"


@pytest.mark.parametrize(
    "text",
    [
        "简报\n\n来源——王·李，“摘要”。open\n##paidbegin##付费##paidend##",
        "——·——·——",
        "……——《》「」『』【】〔〕％＋－！？：；（）～￥",
        "乔治·奥威尔——“一九八四”——第一部·第一章",
    ],
)
def test_everyday_signs_are_gb18030_too(text: str) -> None:
    assert decode(text.encode("gb18030"), None) == text


PAGE = '<html><head><meta charset="{}"><title>通知</title></head><body>王·李——</body></html>'
OLD = '<meta http-equiv="Content-Type" content="text/html; charset={}"><p>王·李——</p>'


@pytest.mark.parametrize("page", [PAGE, OLD, OLD.upper()])
@pytest.mark.parametrize("label", ["gb2312", "GBK", "gb18030"])
def test_a_page_tells_its_charset(page: str, label: str) -> None:
    text = page.format(label)
    assert decode(text.encode("gb18030"), None, is_html=True) == text


RARE = PAGE.format("gbk").replace("王", "㐀㐁㐂㐃㐄㐅龘")  # by its characters it would not be told


def test_a_page_is_taken_at_its_word_and_another_text_is_not() -> None:
    body = RARE.encode("gb18030")
    assert decode(body, None, is_html=True) == RARE
    with pytest.raises(Refused):
        decode(body, None)


def test_a_page_that_was_saved_anew_as_utf8_is_utf8() -> None:
    text = PAGE.format("gb2312")
    assert decode(text.encode(), None, is_html=True) == text
    assert decode(codecs.BOM_UTF8 + text.encode(), None, is_html=True) == text
    assert decode(("\ufeff" + text).encode("utf-16-le"), None, is_html=True) == text


def test_two_bytes_that_could_be_utf8_are_what_the_page_says() -> None:
    text = '<meta charset="gbk"><p>联通</p>'
    assert decode(text.encode("gbk"), None, is_html=True) == text


def test_what_the_sender_says_goes_before_what_the_page_says() -> None:
    text = PAGE.format("gb2312").replace("王", "é")
    assert decode(text.encode(), "utf-8", is_html=True) == text


def test_a_page_in_a_charset_that_is_not_read_is_refused_at_its_word() -> None:
    with pytest.raises(Refused) as refused:
        decode(PAGE.format("big5").encode("big5", "ignore"), None, is_html=True)
    (found,) = refused.value.findings
    assert (found.code, found.line, found.column) == (FindingCode.UNDECODABLE, 1, 28)
    assert "big5" in found.message


def test_damaged_utf8_is_not_taken_for_gb18030() -> None:
    whole = CHINESE.encode()
    for place in range(0, len(whole), 7):
        for damage in (b"\xff", b"\x81", b"\xe4", b"\xb8\xad\xff"):
            body = whole[:place] + damage + whole[place:]
            with pytest.raises(Refused):
                decode(body, None)


def has_shares_of_gb18030(body: bytes) -> bool:
    """Tell by lists of characters whether body is GB18030 and not damaged UTF-8."""
    torn = body.decode("utf-8", "surrogateescape")
    strays = re.findall("[\udc80-\udcff]", torn)
    whole = re.findall("[\u0800-\ud7ff\ue000-\uffff]", torn)
    try:
        foreign = re.findall("[^\0-\x7f]", body.decode("gb18030"))
    except UnicodeDecodeError:
        return False
    everyday = [each for each in foreign if each in "—·" or each.encode("gb2312", "ignore")]
    return len(whole) * 4 < len(strays) and len(everyday) * 5 >= len(foreign) * 4


def outcome(body: bytes, charset: str | None) -> str | tuple[Finding, ...]:
    """Return the text of body, or why there is none."""
    try:
        return decode(body, charset)
    except Refused as refused:
        return refused.findings


mixed = st.lists(
    st.binary(max_size=4)
    | st.tuples(
        st.sampled_from(["中文", "一", "——", "·", "é", "😀", "§", "a", "\n", "㐀"]),
        st.sampled_from(["utf-8", "gb18030"]),
    ).map(lambda each: each[0].encode(each[1])),
    max_size=14,
).map(lambda parts: b"a" + b"".join(parts))  # with no byte order mark


@examples(170)
@given(mixed)
def test_gb18030_is_told_by_its_shares_of_characters(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        charset = "gb18030" if has_shares_of_gb18030(body) else "utf-8"
        assert outcome(body, None) == outcome(body, charset)


_LITTLE_ROOM = """
import resource
from gateway.formats.decoding import decode
body = "深入学习贯彻党的大会精神，".encode("gb18030") * 600_000
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
decode(body, None)
"""


def test_a_long_text_is_decoded_in_little_room() -> None:
    subprocess.run([sys.executable, "-c", _LITTLE_ROOM], check=True)


@pytest.mark.parametrize(
    "body",
    [
        "café crème déjà vu".encode("latin-1"),
        "naïve façade Ångström".encode("cp1252"),
        "Привет, мир, как дела".encode("koi8-r"),
        "これはペンです。漢字".encode("shift-jis"),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04\x14\0\x06\0",
        bytes(range(128, 256)),
    ],
)
def test_other_encodings_and_binaries_are_refused(body: bytes) -> None:
    finding(body)


@pytest.mark.parametrize(
    "body", [b"##paidbegin\x81##", b"a\xc0\xa3b", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
)
def test_nothing_is_replaced_or_left_out(body: bytes) -> None:
    finding(body, "utf-8")


@pytest.mark.parametrize(
    "character",
    [chr(n) for n in [*range(9), 11, 12, *range(14, 32), *range(127, 160)]]
    + ["\ufdd0", "\ufdd1", "\ufdef", "\ufffe", "\uffff", "\U0001fffe", "\U0010ffff"],
)
def test_controls_and_noncharacters_are_refused_where_they_stand(character: str) -> None:
    found = finding(f"ab\n字{character}c".encode(), "utf-8")
    assert (found.line, found.column) == (2, 2)
    assert "Byte offset 6." in found.message
    assert character not in found.message + found.hint


def test_tab_and_line_ends_are_text() -> None:
    assert decode(b"a\tb\nc\rd\r\ne", None) == "a\tb\nc\nd\ne"


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_the_style_of_line_ends_makes_no_difference(newline: str) -> None:
    text = f"{CHINESE}\n\n{CHINESE}\n"
    assert decode(text.replace("\n", newline).encode(), None) == text


def test_the_offset_of_an_undecodable_byte_is_named() -> None:
    found = finding("一\r\n二三".encode() + b"\xff", "utf-8")
    assert "Byte offset 11." in found.message
    assert (found.line, found.column) == (2, 3)
    found = finding("\ufeff一二".encode("utf-16-le") + b"\x00\xd8a", "utf-16")
    assert "Byte offset 6." in found.message


@pytest.mark.parametrize(
    "charset", ["latin-1", "big5", "utf-7", "utf-16-le", "rot13", "idna", "x" * 500]
)
def test_an_unknown_charset_is_unsupported(charset: str) -> None:
    with pytest.raises(Unsupported):
        decode(b"a", charset)


@examples(170)
@given(st.binary(max_size=60), st.sampled_from([None, "utf-8", "utf-16", "gb18030"]))
def test_any_bytes_are_text_or_refused(body: bytes, charset: str | None) -> None:
    with suppress(Refused):
        text = decode(body, charset)
        assert not FORBIDDEN.search(text)
        assert decode(text.encode(), "utf-8") == text.removeprefix("\ufeff")
