"""One worker under a nemesis: it reads as fast as it can and counts what it may not see.

A read that begins after a change was acknowledged must not answer from before it. What was
acknowledged is looked at before the read begins, so an interval that overlaps is never counted.
"""

from __future__ import annotations

import asyncio
import random
import sys
from functools import partial
from pathlib import Path

from gateway.core.leases import Terms
from gateway.core.rights import Rights
from gateway.ports import RIGHTS
from tests.faults.memories import make_memory
from tests.faults.witnesses import KEYS, Witnesses, is_denied, is_gone, rights_of

BURST = 200  # reads between two chances for the loop to hear anything


async def work(kind: str, url: str, path: Path, worker: int) -> None:
    """Read until killed."""
    witnesses = Witnesses(path)
    memory = make_memory(kind, url, Terms())
    memory.start()
    chance = random.Random(worker)
    counts = witnesses.counts(worker)
    loads = 0

    async def load(key: int) -> Rights | None:
        nonlocal loads
        loads += 1
        version = witnesses.committed(key)
        # Some reads of a ledger take long: their outcome may be old when it comes.
        await asyncio.sleep(0.01 if chance.random() < 0.05 else 0)
        return rights_of(key, version)

    while True:
        for _ in range(BURST):
            key = int(chance.random() * KEYS)
            name, before = f"grant:{key}", loads
            is_remembered = memory.known(name) is not None
            acknowledged = witnesses.acknowledged(key)
            answer = await memory.fetch(name, partial(load, key), RIGHTS)
            counts.checks += 1
            counts.remembered += is_remembered
            counts.shared += loads == before and not is_remembered
            counts.gone += is_gone(answer, acknowledged)
            counts.denied += is_denied(answer, acknowledged, witnesses.committed(key))
        witnesses.count(worker, counts)
        await asyncio.sleep(0)


if __name__ == "__main__":
    kind, url, path, worker = sys.argv[1:]
    asyncio.run(work(kind, url, Path(path), int(worker)))
