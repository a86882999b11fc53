"""What looks like the wall of another system: it marks nothing here, and its author may not know."""

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
_RULE = "(?:-{3,}|={3,}|[*]{3,}|~{3,}|%{2,}|@{2,})"

_WALLS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # [paid], [/vip], [hide=5], but no link of Markdown
        rf"\[/?(?:{_WORDS}|{_SIGN})(?:[ =:][^][\n]{{0,100}})?\](?![(:[])",
        # {{paid}}, {{#members}}, {% endpaid %}, {{< paid >}}
        rf"\{{[{{%][<%]? *[#/]?(?:end)?{_WORDS} *[>%]?[}}%]\}}",
        # :::paid, ::: {.members}
        rf":::+ *(?:\{{[.#])?{_WORDS}\}}?(?!\S)",
        # <!--more-->, <!-- paid begin -->, <!-- wp:more -->
        rf"<!--[-\s]*(?:wp:|kg:)?/?(?:more|read-?more|truncate|excerpt|{_WORDS})[-\s]*-->",
        # <div class="paid">, <p data-wall=members-only>
        rf"<[a-z][a-z0-9-]* [^<>]{{0,200}}?(?:class|id|data-[a-z-]+)=[\"']?(?:[^<>\"']*\s)?{_WORDS}"
        r"(?=[\s\"'>/])",
        # <vip>, </members-only>
        rf"</?{_WORDS}(?:\s[^<>]{{0,200}})?>",
        # 【付费开始】, 「以下为会员内容」
        rf"[【〔〖「『［]/?(?:{_SIGN}|{_WORDS})[】〕〗」』］]",
        # --- paid ---, === 付费内容 ===
        rf"{_RULE} ?(?:{_WORDS}|{_SIGN}) ?(?={_RULE})",
    )
)


def foreign_walls(source: str) -> Iterator[int]:
    """Yield in order where something stands that other systems take for a wall."""
    yield from merge(*(map(re.Match.start, wall.finditer(source)) for wall in _WALLS))
