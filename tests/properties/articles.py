"""Ordinary articles, Chinese and English, as publishers write them.

Seeded: the same seed gives the same articles. They are full of what resembles a marker to a
careless rule: hashtags, headings, prices, formulas, tags, code, and words near `paid`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

ENGLISH = (  # noqa: SIM905
    "the a of to and in is was for on with as by at from that which this their its our your "
    "paid unpaid prepaid repaid underpaid overpaid postpaid pain pains pained painted painter "
    "paint pair paired pairing repair begin begins beginning beginner began begun being bead "
    "bend bending end ends ended ending endless endeavour endorse spend spending sender tender "
    "gender lend mend maiden maid aided aid aide raid raided braided padded paddle addend "
    "pending depend dependent append appended bidding bidden budding binding bind bending badge "
    "page pages paging panel pageant paradigm paradise palladium tag tags price dollar market "
    "reader writer editor article subscription member publisher story report server gateway "
    "token cache network model energy water history science city village train station letter "
    "window garden music school teacher"
).split()

CHINESE = (  # noqa: SIM905
    "我们 他们 读者 作者 编辑 文章 付费 免费 内容 开始 结束 标记 支付 价格 元 会员 订阅 市场 "
    "经济 发展 基层 党组织 责任 建设 推进 工作 社会 历史 科学 技术 数据 网络 模型 能源 城市 "
    "乡村 车站 书信 窗户 花园 音乐 学校 老师 学生 今天 昨天 明年 问题 方法 结果 研究 分析 "
    "认为 表示 提出 需要 可以 以及 因为 所以 但是 如果 同时 其中 通过 进行 重要 主要 完全 "
    "大约 百分之五 第一 第二"
).split()

CODE = (
    "```python\n# paid = begin, end\ndef paid_total(items):  # sum what is paid\n"
    "    return sum(item.price for item in items if item.paid)\n```",
    "```python\n## Cell: paid orders\nbegin, end = span\nassert begin <= paid < end\n```",
    "```sh\n#!/bin/sh\n## paid users and unpaid users\npaid=$1; end=$2\n"
    'echo "$paid and $end" | sed -e \'s/#/##/g\' # done\necho $$ ${#paid} "$#"\n```',
    "```php\n<?php\n$paid = $order['paid']; $paidEndDate = null; $$name = 1;\n"
    'if ($paid && $begin < $end) { echo "$paid $end"; }\n```',
    "```c\n#include <paid.h>\n#define PAID_END 0x40\n#ifdef PAID\n#pragma once\n#endif\n"
    "#define CAT(a,b) a##b\nif (due<paid && paid>0) end();\n```",
    "```java\nList<PaidOrder> orders = new ArrayList<>();\nMap<String, Paid2> paidEnds;\n```",
    "```css\n#paid-banner, .paid { color: #ad1d3e; border: 0 solid #e9d }\n#end { top: 0 }\n```",
    "```sql\nBEGIN; SELECT paid, ended FROM b WHERE paid <> 0 AND paid < 9; END; -- # paid\n```",
    "```tex\n\\begin{align}\n  p &= a + i d \\\\\n  \\frac{b e g}{i n}\n\\end{align}\n```",
    '```ruby\nputs "#{paid} of #{due}" # paid in full\nbegin\n  pay\nend\n```',
    "```make\npaid: ; @echo $$PAID $@ $< # all of it\n```",
    "```diff\n@@ -1,2 +1,2 @@\n-## Paid\n+## Paid and free\n```",
    "```js\nconst paid = $('#paid'), end = $(`#end-${id}`); // $paid$\n```",
    "```rust\n#[derive(Debug)]\nstruct Paid<'a> { end: &'a str }\nlet r = r##\"# paid \"##;\n```",
)

HTML = (
    '<p class="note">The <b>paid</b> part <em>ends</em> here.</p>',
    "<join-banner>Paid or not</join-banner> &amp; <span>end&nbsp;of page</span>",
    '<a href="https://example.org/#paid">paid</a> &lt;pear&gt; &#8217;tis &#169; &hellip;',
    '<a href="/plans#paid-plans" title="Paid &amp; unpaid">plans</a><br/>',
    "<!-- paid content ends below --><hr><page>not a tag</page>",
    "<table><tr><td>#1</td><td>$5</td></tr><tr><td>#2</td><td>$7 paid</td></tr></table>",
)

FORMULAS = (
    "$p_a + i_d = b^2$", "$$\\int_a^b p(i)\\,di = \\frac{d}{2}$$", "$$5$$", "$a$ and $b$ and $p$",
    "$$ a + i + d $$", "$\\{p, a, i, d\\}$ bounds $[b, e]$", "$n$-th", "$$\\begin{pmatrix} a & b "
    "\\\\ p & d \\end{pmatrix}$$", "$\\bar{p}$", "costs $5, $10 and US$20", "A$12.50–$13", "\\$5",
)  # fmt: skip

TAGS = (
    "#paid", "#Paid", "#PaidAd", "#ad #paid #sponsored", "#paid and #unpaid", "#Paid #End",
    "#painted#", "#paid#", "#pair#", "##tag##", "#maiden #voyage", "#aided#", "#话题#",
    "#付费阅读#", "#付费 开始#", "##专题##", "#paid阅读#",
    "C# and F#", "#1 of #2", "issue #42", "♯F and ♭B",
    "￥59.9", "¥100 起", "《paid》", "《付费阅读》", "〈边城〉", "〈Paid in Full〉", "«paid»",
)  # fmt: skip

HEADINGS = (
    "# {0}", "## {0}", "### {0}", "## {0} ##", "# {0} #", "## Paid {0}", "## Paid and unpaid {0}",
    "## {0} end", "#### Paid {0} begins", "## Paid Endorsements", "## Begin with {0}", "##{0}",
    "{0}\n====", "{0}\n----", "**{0}**", "## Paid Vegan {0}", "# Paid", "## Paid", "## End",
    "## 付费{0} ##", "一、{0}", "【第{0}期】",
)  # fmt: skip

MARKUP = (
    "> {0}", "- {0}", "1. {0}", "* *{0}*", "| {0} | # | $ |\n|---|---|---|",
    "[{0}](https://a.b/#c)", "![{0}](p.png \"{0}\")", "`{0}`", "~~{0}~~ {0}",
    "{0}[^1]\n\n[^1]: {0}", "---", "***", "- [x] {0}",
)  # fmt: skip

WORDS = Path("/usr/share/dict/words")


def articles(seed: int, count: int) -> Iterator[str]:
    """Yield so many articles, Chinese and English in turn."""
    rng = Random(seed)
    vocabulary = [*ENGLISH, *_dictionary()]
    for number in range(count):
        phrase = _chinese(rng) if number % 2 else _english(rng, vocabulary)
        yield "\n\n".join(_block(rng, phrase) for _ in range(rng.randint(3, 9))) + "\n"


def _dictionary() -> list[str]:
    """Return the words of the machine's dictionary, where it has one."""
    if not WORDS.exists():
        return []
    return WORDS.read_text(encoding="utf-8").split()


def _english(rng: Random, vocabulary: list[str]) -> Callable[[int], str]:
    def phrase(length: int) -> str:
        words = [rng.choice(ENGLISH if rng.random() < 0.6 else vocabulary) for _ in range(length)]
        text = " ".join(words)
        return text.capitalize() if rng.random() < 0.5 else text

    return phrase


def _chinese(rng: Random) -> Callable[[int], str]:
    def phrase(length: int) -> str:
        words = [rng.choice(CHINESE) for _ in range(length)]
        if rng.random() < 0.2:
            words.insert(rng.randrange(len(words)), " " + rng.choice(ENGLISH) + " ")
        return "".join(words)

    return phrase


def _block(rng: Random, phrase: Callable[[int], str]) -> str:
    kind = rng.random()
    if kind < 0.5:
        return _paragraph(rng, phrase)
    if kind < 0.65:
        return rng.choice(HEADINGS).format(phrase(rng.randint(2, 4)))
    if kind < 0.8:
        return rng.choice(MARKUP).format(phrase(rng.randint(2, 6)))
    return rng.choice((rng.choice(CODE), rng.choice(HTML), " ".join(rng.choices(TAGS, k=3))))


def _paragraph(rng: Random, phrase: Callable[[int], str]) -> str:
    sentences = []
    for _ in range(rng.randint(1, 5)):
        sentence = phrase(rng.randint(4, 14))
        if rng.random() < 0.3:
            sentence += f" {rng.choice((*TAGS, *FORMULAS))} " + phrase(3)
        sentences.append(
            sentence + rng.choice(("。", "，", "！", ". ", "? ", "; ", "…", "”", "\n"))
        )
    return "".join(sentences)
