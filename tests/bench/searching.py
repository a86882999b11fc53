"""How long a search takes among many documents: `python -m tests.bench.searching [COUNT] [URL]`.

COUNT documents of some 1,300 characters, half Chinese and half English, whose characters and words
are as frequent as in a language. URL: a PostgreSQL database instead of a file. It prints what a
document costs to index, the size of the index, and percentiles of queries from rare to common; in
seconds of the clock, and of the processor in this process.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import anyio
from sqlalchemy import text

from gateway.core.bundles import IDENTITY, Bundle, Entry, Representation
from gateway.core.documents import Address
from gateway.core.search_terms import query_of
from gateway.ports import SearchIndex
from gateway.ports.search_index import IndexChange
from gateway.stores.files.search_index import NAME, FileSearchIndex
from gateway.stores.sql.engines import open_engines
from gateway.stores.sql.search_index import TIMEOUT, SqlSearchIndex

COUNT = 100_000
BATCH = 100
QUERIES = 1_000
CHARACTERS = 1_300
HAN = [chr(0x4E00 + 5 * number) for number in range(3_500)]
WORDS = [f"{'aeiou'[n % 5]}{n:x}word" for n in range(20_000)]

Choose = Callable[[random.Random, int], str]


def frequent(of: Sequence[str]) -> Choose:
    """Return what chooses so many of some, each as often as its rank has it (Zipf)."""
    weights = [1 / rank for rank in range(3, len(of) + 3)]
    sums = [sum(weights[:1])]
    for weight in weights[1:]:
        sums.append(sums[-1] + weight)
    gap = "" if len(of[0]) == 1 else " "
    return lambda chance, count: gap.join(chance.choices(of, cum_weights=sums, k=count))


han, latin = frequent(HAN), frequent(WORDS)


def bundle(number: int) -> Bundle:
    """Return a document, the same for the same number."""
    chance = random.Random(number)
    is_han = number % 2
    body = han(chance, CHARACTERS) if is_han else latin(chance, CHARACTERS // 8)
    title = han(chance, 12) if is_han else latin(chance, 6)
    day = f"20{number % 26:02}-{number % 12 + 1:02}-{number % 28 + 1:02}T00:00:{number % 60:02}Z"
    entry = Entry(Address(f"p{number % 7}", f"d{number}"), title, body[:140], "zh", "", day, day)
    told = {"sections": [{"kind": "free", "text": body}]}
    form = Representation("application/json", "", {IDENTITY: json.dumps(told).encode()})
    return Bundle(f"e{number}", {"json": form}, entry)


def a_query(chance: random.Random) -> str:
    """Return what a reader might look for: one to four characters, or one to three words."""
    if chance.random() < 0.5:
        return han(chance, chance.randrange(1, 5))
    return latin(chance, chance.randrange(1, 4))


class Spent(NamedTuple):
    """Seconds of the clock, and of the processor."""

    clock: float
    processor: float

    @classmethod
    def now(cls) -> Spent:
        """Return what was spent so far."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, began: Spent) -> Spent:
        """Return what was spent since then."""
        return Spent(self.clock - began.clock, self.processor - began.processor)

    def ms(self, count: int = 1) -> str:
        """Return what was spent on each of so many, in words."""
        return f"{self.clock / count * 1e3:.1f} ms (processor {self.processor / count * 1e3:.1f})"


async def fill(index: SearchIndex, count: int) -> Spent:
    """Index so many documents; return what that took, without what it took to make them."""
    spent = Spent(0, 0)
    for start in range(0, count, BATCH):
        some = [bundle(number) for number in range(start, min(count, start + BATCH))]
        began = Spent.now()
        await index.put([IndexChange(one.entry.address, one, "") for one in some if one.entry])
        more = Spent.now().since(began)
        spent = Spent(spent.clock + more.clock, spent.processor + more.processor)
    await index.finish(await index.unfinished())
    return spent


async def edit(index: SearchIndex, count: int) -> str:
    """Replace some documents one by one; return what one took."""
    began, edits = Spent.now(), 50
    for number in range(edits):
        one = bundle(number * (count // edits))
        assert one.entry
        mark = await index.mark(one.entry.address)
        await index.put([IndexChange(one.entry.address, one, mark)])
    return Spent.now().since(began).ms(edits)


async def search(index: SearchIndex) -> list[Spent]:
    """Return what each of some queries took, the longest last."""
    chance, seconds = random.Random(0), []
    for _ in range(QUERIES):
        query = query_of(a_query(chance), chance.choice(("", "", "", "p3")))
        began = Spent.now()
        await index.find(query, 0, 20)
        seconds.append(Spent.now().since(began))
    return sorted(seconds)


async def measure(index: SearchIndex, count: int) -> None:
    """Fill an index, and print what it takes."""
    spent = await fill(index, count)
    print(f"{count} documents, {BATCH} together: {spent.ms(count)} each")
    print(f"one edit: {await edit(index, count)}")
    taken = await search(index)
    told = (f"p{p} {taken[QUERIES * p // 100 - 1].ms()}" for p in (50, 90, 99, 100))
    print(f"{QUERIES} queries: {', '.join(told)}")
    began = Spent.now()
    await index.scrub()
    print(f"scrub: {Spent.now().since(began).ms()}")


def size_of(path: Path) -> int:
    return path.stat().st_size


async def main(count: int = COUNT, url: str = "") -> None:
    """Measure on a file, or on PostgreSQL."""
    if not url:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, NAME)
            await measure(FileSearchIndex(path), count)
            print(f"size: {size_of(path) / 1e6:.0f} MB")
        return
    index = SqlSearchIndex(open_engines(url, 12 * TIMEOUT))
    await index.empty()
    await measure(index, count)
    engines = open_engines(url)
    engines = open_engines(url)
    size = await engines.read(lambda c: int(c.execute(_SIZE).scalar_one()))
    print(f"size: {size / 1e6:.0f} MB")
    await engines.close()
    await index.close()


_SIZE = text("SELECT pg_total_relation_size('search_page')")


if __name__ == "__main__":
    count, url, *_ = (*sys.argv[1:], *("", "")[len(sys.argv) - 1 :])
    anyio.run(main, int(count or COUNT), url)
