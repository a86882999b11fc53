"""What looks like the wall of another system: it marks nothing here, which some do not know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from heapq import merge

_EDGE = "(?:begin|start|open|end|stop|close|content|section|block|area|here|only)"
_WALL = (
    "(?:paid|pay|payed|pay-?wall|vip|hide|hidden|reply|members?|membership|subscribers?|premium|"
    "private|restricted|protected|login|locked|付[费費]|收[费費]|[会會][员員]|[隐隱]藏)"
)
_WORDS = rf"(?:{_EDGE}[-_ :]*)?{_WALL}(?:[-_ :]*{_EDGE}){{0,2}}"
_SIGN = (
    "(?:以下|本文)?(?:[内內]容)?[为為是需]?(?:付[费費]|收[费費]|VIP|[会會][员員]|[隐隱]藏)"
    "(?:[内內]容|[阅閱][读讀]|[专專][享属屬]|可[见見]|部分|[区區])?(?:[开開]始|[结結]束)?"
)

# Each with a sign that it cannot do without, to tell quickly that there is none.
_WALLS = tuple(
    (sign, re.compile(pattern, re.IGNORECASE))
    for sign, pattern in (
        # [paid], [/vip], [hide=5], but no link of Markdown
        ("[", rf"\[/?(?:{_WORDS}|{_SIGN})(?:[ =:][^][\n]{{0,100}})?\](?![(:[])"),
        # {{paid}}, {{#members}}, {% endpaid %}, {{< paid >}}
        ("{", rf"\{{[{{%][<%]? *[#/]?(?:end)?{_WORDS} *[>%]?[}}%]\}}"),
        # :::paid, ::: {.members}
        (":::", rf":::+ *(?:\{{[.#])?{_WORDS}\}}?(?!\S)"),
        # <!--more-->, <!-- paid begin -->, <div class="paid">, <p id=paywall>, <vip>, </hide>
        (
            "<",
            rf"<(?:!--[-\s]*(?:wp:|kg:)?/?(?:more|read-?more|truncate|excerpt|{_WORDS})[-\s]*-->|"
            r"[a-z][a-z0-9-]* [^<>]{0,200}?(?:class|id|data-[a-z-]+)=[\"']?"
            rf"(?:[^<>\"']*\s)?{_WORDS}(?=[\s\"'>/])|/?{_WORDS}(?:\s[^<>]{{0,200}})?>)",
        ),
        # 【付费开始】, 「以下为会员内容」
        *((sign, rf"{sign}/?(?:{_SIGN}|{_WORDS})[】〕〗」』］]") for sign in "【〔〖「『［"),
    )
)


def foreign_walls(source: str) -> Iterator[int]:
    """Yield in order where something stands that other systems take for a wall."""
    patterns = [pattern for sign, pattern in _WALLS if sign in source]
    yield from merge(*(map(re.Match.start, pattern.finditer(source)) for pattern in patterns))
