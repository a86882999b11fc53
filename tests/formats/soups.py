"""Texts to try formats on: tag soup, Markdown soup, and hostile HTML."""

from __future__ import annotations

from hypothesis import strategies as st

from gateway.core.documents import PAGE, PLACEHOLDER
from gateway.formats.fragments import names

TAGS = sorted(
    names(
        "p div b i a span em strong ul ol li table tr td th tbody thead caption h1 h2 h3 "
        "blockquote pre code ruby rt figure figcaption details summary section article center "
        "font hr br img svg math path title style script textarea select option template button "
        "object form input dl dt dd sup del x-y nobr marquee noscript iframe"
    )
)
ATTRIBUTES = (
    "",
    "",
    ' id="a"',
    ' class="lead cut footnotes left"',
    ' href="#a"',
    ' href="javascript:x"',
    ' src="/x" alt="y"',
    ' style="color:red" onclick="x"',
    f' title="{PLACEHOLDER}"',
    ' start="3"',
    " hidden",
    ' style="display:none"',
    ' href="#b" name="b"',
    " title='<b>'",
)
WORDS = ("a", "字", " ", "\n", "x &amp; y", "。", "<", "&lt;b>", PLACEHOLDER, PAGE, "“", "##")

_tag = st.builds(
    lambda name, shape, attributes: (
        f"</{name}>" if shape == 0 else f"<{name}{attributes}{'/' * (shape == 1)}>"
    ),
    st.sampled_from(TAGS),
    st.integers(0, 6).map(lambda n: max(0, n - 2)),
    st.sampled_from(ATTRIBUTES),
)
html = st.lists(
    st.one_of(
        _tag,
        st.sampled_from(WORDS),
        st.sampled_from(["<!--", "-->", "<![CDATA[", "]]>", "</", "<!doctype html>", '"', "'"]),
    ),
    max_size=14,
).map("".join)

markdown = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "# ",
                "## ",
                "- ",
                "1. ",
                "> ",
                "```\n",
                "`",
                "**",
                "*",
                "~~",
                "_",
                "[",
                "](/u)",
                "](",
                ")",
                "![",
                "[^1]",
                "[^1]: ",
                "[r]: /x",
                "[r]",
                "[a][r]",
                "[a][s]",
                "[^2]",
                "\n[^2]: [^1] ",
                "[a](#a)",
                "- [ ] ",
                "$",
                "$$",
                "\\(",
                "\\)",
                "https://e.x/",
                "<p hidden>",
                "</p>",
                "\n",
                "\n\n",
                "    ",
                "-",
                "\\",
                "<b>",
                "</b>",
                "<div>",
                "<!--",
                "-->",
                "&#35;",
                "---\n",
                "===\n",
                "<https://e.x/",
                ">",
                "字",
                "。",
                "“",
                "”",
                "word",
                " ",
            ]
        ),
        st.sampled_from(["|", "| a | b |\n|---|:-:|\n", PLACEHOLDER, PAGE]),
    ),
    max_size=24,
).map("".join)

plain = st.lists(
    st.sampled_from(
        [
            "\n",
            "\n\n",
            "　　",
            "一、",
            "（一）",
            "第一章 ",
            "楔子",
            "Chapter One",
            "1. ",
            "- ",
            "深入学习贯彻",
            "。",
            "the quick brown fox ",
            "<b>",
            "&amp;",
            "*",
            PLACEHOLDER,
            PAGE,
        ]
    ),
    max_size=24,
).map("".join)
