"""Print the speed of scan and divide, in megabytes of UTF-8 per second of processor time.

Medians of five rounds, interleaved: each round has every text in every size once. Run it as
`python -m tests.bench.dividing`; `--hostile` adds the sources made to be slow.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from statistics import median

from gateway.core.grammar import scan
from gateway.core.markers import divide
from tests.properties.articles import articles

ROUNDS = 5
SIZES = (1, 8, 64)
HOSTILE_SIZES = (1, 4)  # the same speed at both: linear
MIXED = "".join(articles(seed=1, count=2000))

ORDINARY = {
    "Chinese": (
        "压实各基层党组织书记抓基层党建的责任，全面推进乡村振兴。2024年的增长率为5.3%，"
        "他说：“这是一个很好的开始！”\n\n"
        * 20
        + "## 标题\n\n#话题# 全年订阅￥59.9起。\n##paidbegin##正文##paidend##\n\n"
    ),
    "English": (
        "The quick brown fox jumped over the fence, and it’s said that nobody ended up poorer. "
        "Another sentence (with brackets) follows here.\n\n"
        * 20
        + "## A heading\n\nIt was paid, $5 a month.\n##paidbegin##text##paidend##\n\n"
    ),
    "mixed": MIXED,
    "French": "L’été dernier, le prix a été payé à la caisse ; c’est très élevé.\n",
    "Russian": "Цена подписки была оплачена вчера, и редакция начала печатать.\n",
}

HOSTILE = (
    "#", "#a", "#aaa", "#aaaaa", "#painted", "$a b c", "# ", "##", "##aaaaaa ", "aaaaaa## ",
    "# paind ", "p#a#i#d#", "#p#a#i#d#b#e#g", "##paidbegn##", "##paidbegn##\n", "paidbegi",
    "paidbegin", "paidend\n", "paid ", "p  a  i  ", "aaaaaa\n", "pa\u200b", "\u200b", "é", "é,",
    "раid", "ｐａｉ", "😀", "\ud800", "\x1a", "&", "&amp;", "&#35;", "&num;", "&" + "a" * 32,
    "&ltpaid", "<", "< ", "<p", "<paid ", "<PAID>", "<PAID>\n", "<PAID>x</paid>", "\n", "\r\n",
    "\u202e", "\u202e##paidbegin##", "##paidend##", "##paidbegin##", "\\##paidbegin##",
    "##paidbegin##x##paidend##", "##\\paidbegin##", "\\#", "<pad>", "<pad", "<pay ", "/paid>",
    "</paid",
    "<a b=/paid>", "##付费##", "##付费", "##pay##", "##payend##\n", "paidbeginx", "{#paidbeginx",
    "[vip]", "[vip",
    "<a b", '<a class="', "<!-- paid ", "{{paid", "【付费",
)  # fmt: skip


def speed(run: Callable[[str], object], source: str) -> float:
    size = len(source.encode("utf-8", "surrogatepass")) / 1e6
    start = time.process_time()
    run(source)
    return size / (time.process_time() - start)


def repeated(unit: str, megabytes: int) -> str:
    size = len(unit.encode("utf-8", "surrogatepass"))
    length = megabytes * 1_000_000 * len(unit) // size
    return (unit * (length // len(unit) + 1))[:length]


def table(units: Mapping[str, str], sizes: Sequence[int]) -> None:
    speeds: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    for number in range(1, ROUNDS + 1):
        print(f"round {number} of {ROUNDS}", file=sys.stderr)
        for name, megabytes in product(units, sizes):
            source = repeated(units[name], megabytes)
            for run in (scan, divide):
                speeds[name, megabytes, run.__name__].append(speed(run, source))
    for name, megabytes in product(units, sizes):
        told = (median(speeds[name, megabytes, run]) for run in ("scan", "divide"))
        print(
            f"{name:<34}{megabytes:>4} MB    scan{next(told):8.1f}   divide{next(told):8.1f} MB/s"
        )


def main() -> None:
    divide("é#")  # makes the tables
    table(ORDINARY, SIZES)
    if "--hostile" in sys.argv:
        table({ascii(unit): unit for unit in HOSTILE}, HOSTILE_SIZES)


if __name__ == "__main__":
    main()
