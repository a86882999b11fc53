"""Print the speed of scan and divide, in megabytes of UTF-8 per second of processor time.

Run it as `python -m tests.bench.dividing`; `--hostile` adds the sources made to be slow.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from gateway.core.markers import divide, scan
from tests.properties.articles import articles

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
    "##paidbegin##x##paidend##",
)  # fmt: skip


def speed(run: Callable[[str], object], source: str) -> float:
    size = len(source.encode("utf-8", "surrogatepass")) / 1e6
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        run(source)
        best = min(best, time.process_time() - start)
    return size / best


def repeated(unit: str, megabytes: int) -> str:
    size = len(unit.encode("utf-8", "surrogatepass"))
    length = megabytes * 1_000_000 * len(unit) // size
    return (unit * (length // len(unit) + 1))[:length]


def row(name: str, megabytes: int, source: str) -> None:
    speeds = {run.__name__: speed(run, source) for run in (scan, divide)}
    told = "".join(f"{kind:>9}{value:8.1f}" for kind, value in speeds.items())
    print(f"{name:<34}{megabytes:>4} MB{told} MB/s")


def main() -> None:
    divide("é#")  # makes the tables
    for name, unit in ORDINARY.items():
        for megabytes in SIZES:
            row(name, megabytes, repeated(unit, megabytes))
    if "--hostile" in sys.argv:
        for unit in HOSTILE:
            for megabytes in HOSTILE_SIZES:
                row(ascii(unit), megabytes, repeated(unit, megabytes))


if __name__ == "__main__":
    main()
