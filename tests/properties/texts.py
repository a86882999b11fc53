"""Texts that try to get out: free texts, and paid texts with everything that renderers react to."""

from __future__ import annotations

import random

HAN = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下"
LATIN = (  # noqa: SIM905  prose reads better as prose
    "the of and to in is that for it as was with be by on not he his but at are this have from"
).split()

# What a paid part may hold: markup, definitions that apply elsewhere, templates, links, secrets.
HOSTILE = (
    "# 机密标题\n\n",
    "## Secret heading {#intro}\n\n",
    "[report]: https://canary.example/secret 'Title'\n\n",
    "[^1]: a footnote that the free part refers to\n\n",
    "*[HTML]: Secret Markup\n\n",
    "![figure](https://canary.example/pixel.png)\n\n",
    "<script>alert('secret')</script>\n\n",
    "<style>p{display:none}</style>\n\n",
    "<b>bold that is never closed\n\n",
    "</div></main></body></html>\n\n",
    "<meta http-equiv=refresh content='0;url=https://canary.example'>\n\n",
    "{{7*7}} {% print(1) %} {0.__class__} %s %(title)s ${x}\n\n",
    "---\ntitle: Secret title\nslug: secret\n---\n\n",
    "##\\paidbegin## shown literally ##\\paidend##\n\n",
    "##pagebreak##\n\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "1. one\n2. two\n\n- x\n  - y\n\n",
    "> quoted\n>> more\n\n",
    '{"title": "x", "offers": []}\n\n',
    "<item><link>https://canary.example</link></item>\n\n",
    "\u202eright to left\u202c and e\u0301 and 👩‍👩‍👧\n\n",
    "https://canary.example/?token=secret mail@canary.example\n\n",
    "一、机密工作情况\n（一）机密要点。正文。\n\n",
    "\r\n\r\n",
    "$$ x^2 $$ and ##tag## and #话题#\n\n",
    "See [words][book] and a note[^2] on $x_1$, [above](#intro) and [below](#part).\n\n",
    "[book]: https://canary.example/book\n[^2]: Secret note[^3].\n\n",
    "## Part\n\n<div hidden>secret</div>\n\n- [x] done https://canary.example/task\n\n",
    "<style>.x{display:none}</style><iframe src='https://canary.example/frame'></iframe>\n\n",
    "![chart](http://canary.example/chart.png)![map](map.png)\n\n",
    "楔子\n\n第一千二百章 机密\n\n",
)

FREE_BLOCKS = (
    "See [report] and a fact[^1] in HTML.\n\n",
    "## Intro\n\n",
    "一、重点工作\n\n",
    "- item\n- item\n\n",
    "## Part\n\n[to the intro](#intro), [to a part](#part), [to another](#part-1)\n\n",
    "[Words][book], a note[^2] and $x_1 = 2$\n\n- [ ] to do\n\n",
    "[^2]: a note\n\n[^3]: a note that no free text refers to\n\n",
    "<p class='x'>not hidden</p><p hidden>hidden</p>\n\n",
    "<iframe src='https://free.example/frame'></iframe>\n\n",
    "> a quotation\n\n",
    "##pagebreak##\n\n",
    "A sentence that goes on and on until it is cut",
    "深入学习贯彻，狠抓落实",
)


def words(chance: random.Random, characters: int) -> str:
    """Return prose of about as many characters, Chinese or English."""
    if chance.random() < 0.5:
        return "".join(chance.choices(HAN, k=characters)) + "。"
    return " ".join(chance.choices(LATIN, k=max(1, characters // 4))) + "."


def paid_text(chance: random.Random, least: int = 0, below: int = 500) -> str:
    """Return a paid text with from least to below characters, white space not counted.

    Never an empty one: an empty section is none, and the number of sections is declared.
    """
    least = max(1, least)
    parts = [chance.choice(HOSTILE) for _ in range(chance.randrange(4))]
    while _length(parts) < least:
        parts.insert(chance.randrange(len(parts) + 1), words(chance, chance.randrange(1, 400)))
    chance.shuffle(parts)
    while _length(parts) >= below:
        parts.pop()
    missing = least - _length(parts)
    return "".join(parts) + "字" * max(0, missing)


def _length(parts: list[str]) -> int:
    return len("".join("".join(parts).replace("\\", "").split()))


def free_text(chance: random.Random) -> str:
    """Return a free text; its first line can be a title."""
    blocks = [words(chance, chance.randrange(5, 200)) + "\n\n" for _ in range(chance.randrange(3))]
    blocks += [chance.choice(FREE_BLOCKS) for _ in range(chance.randrange(3))]
    chance.shuffle(blocks)
    return "".join(blocks)
