"""Documents full of what one renderer shows and another does not, each word its own.

A kind of thing is a template: `{w}` becomes a word that stands nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count

from hypothesis import strategies as st

_HTML = (
    "<!-- {w} -->",
    "<div hidden>{w}</div>",
    '<span style="color:red; DISPLAY : none">{w}</span>',
    "<p style='visibility:hidden'>{w} <b>{w}</b></p>",
    "<style>.gone, #away{display:none}</style><p class='x gone'>{w}</p><div id=away>{w}</div>",
    "<dialog>{w}</dialog>",
    "<div popover>{w}</div>",
    "<template><p>{w}</p></template>",
    "<x-note hidden>{w}</x-note>",
    "<script>{w}</script><style>p::after{{content:'{w}'}}</style>",
    "<noscript>{w}</noscript>",
    "<textarea>{w}</textarea><input value={w}>",
    "<iframe src='https://e.example/{w}'>{w}</iframe>",
    "<iframe src='javascript:{w}' title='{w}'></iframe>",
    "<video poster='https://e.example/{w}'><source src='https://e.example/{w}'>{w}</video>",
    "<object data='https://e.example/{w}'>{w}</object>",
    "<svg><title>{w}</title><text>{w}</text></svg>",
    "<img src='http://e.example/{w}.png' alt='{w}'>",
    "<img src='pics/{w}.png' alt='{w}'>",
    "<img src='https://e.example/{w}.png' alt='{w}'>",
    "<img src='data:image/png,{w}' alt='{w}'>",
    "<p id='{w}' class='{w}' data-x='{w}' onclick='{w}'>{w}</p>",
    "<abbr title='{w}'>{w}</abbr>",
    "<details><summary>{w}</summary>{w}</details>",
    "<a href='https://e.example/{w}' title='{w}'>{w}</a>",
    "<a href='javascript:{w}'>{w}</a>",
    "<a name='{w}'></a><a href='#{w}'>{w}</a>",
    "<ruby>{w}<rp>{w}</rp><rt>{w}</rt></ruby>",
    "<table><tr><td>{w}</td><td>{w}</td></tr></table>",
    "<pre>{w}\n{w}</pre>",
    "<ol start=7><li>{w}</li><li>{w}</li></ol>",
    "<h2>{w}</h2>",
    "<select><option value='{w}'>{w}</option></select>",
)

_LINES = (
    "{w} {w}.",
    "第一章 {w}",
    "一、{w}\n{w}。",
    "<b>{w}</b> &amp; [{w}]({w})",
    "1. {w}\n2. {w}",
    "　　{w}。",
)

KINDS: Mapping[str, Sequence[str]] = {
    "plain": _LINES,
    "docx": _LINES,
    "markdown": (
        "{w} **{w}**字 _{w}_",
        "## {w}",
        "[{w}](#{w}) [{w}](https://e.example/{w} '{w}')",
        "[{w}][a] ![{w}][b] [{w}][]",
        "{w}[^a] {w}[^b]",
        "[a]: https://e.example/{w} '{w}'",
        "[b]: https://e.example/{w} '{w}'",
        "[//]: # ({w})",
        "[^a]: {w} [^b]",
        "[^b]: {w} [{w}][a]\n\n    {w}",
        "[^{w}]: {w} [^a]",
        "![{w}](http://e.example/{w}.png '{w}') ![{w}](pics/{w}.png)",
        "![{w} [^a]](https://e.example/{w}.png '{w}')",
        "| {w} | {w} |\n|---|---|\n| {w} | {w} | {w} |",
        "- [ ] {w}\n- [x] {w}",
        "$${w}^2 = {w}$$\n\n${w}_1$ and \\({w}_2\\)",
        "```{w} {w}\n{w}\n```",
        "https://e.example/{w} <https://e.example/{w}>",
        "> {w}\n> 1. {w}",
        *_HTML,
    ),
    "html": (
        "{w}\n{w}\n\n{w}",
        "[gallery ids='{w}']\n\n[caption width='{w}']{w}[/caption]",
        "<title>{w}</title><meta name=description content='{w}'>",
        "<p lang='{w}'>{w}</p>",
        *_HTML,
    ),
}
"""What documents of each format are made of; a format without such kinds fails."""


def maze(form: str) -> st.SearchStrategy[str]:
    """Draw a document with a title, and a paid section amid or after other kinds."""
    kinds = st.sampled_from(KINDS[form])
    stretch = st.lists(kinds, max_size=8)
    return st.builds(_woven, stretch, stretch, stretch)


def everything(form: str) -> str:
    """Return a document with every kind of thing twice, and once more paid."""
    return _woven(KINDS[form], KINDS[form], KINDS[form])


def _woven(before: Sequence[str], paid: Sequence[str], after: Sequence[str]) -> str:
    number = count(1)
    inside = "\n\n".join(paid) or "{w}"
    parts = ["Title", *before, f"##paidbegin##{inside}##paidend##", *after]
    return re.sub(r"\{w\}", lambda _: f"w{next(number)}q", "\n\n".join(parts))
