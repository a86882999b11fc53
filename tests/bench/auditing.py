"""What a record of a read costs: CPU microseconds, with its share of hashing and writing.

python -m tests.bench.auditing [records a second]
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

from gateway.core.audit_records import REQUEST, Record
from gateway.stores.files.audit import FileAudit
from gateway.stores.files.chains import chains_in, path_of
from gateway.stores.memory import MemoryAnchors

SECONDS = 5
ID = "0123456789abcdef0123456789abcdef"


class Clock:
    def now(self) -> int:
        return int(time.time())

    def fresh_id(self) -> str:
        return ID


def spent() -> float:
    """Return the CPU seconds of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measure(pace: int, audit: FileAudit | None) -> float:
    """Note records at a pace, as requests would; return CPU microseconds for each."""
    tending = asyncio.create_task(audit.maintain()) if audit else None
    REQUEST.set(ID[:16])
    began, total, noted = time.monotonic(), pace * SECONDS, 0
    before = spent()
    while noted < total:
        due = min(total, int((time.monotonic() - began) * pace))
        for _ in range(noted, due):
            if audit:
                audit.note(Record(1_800_000_000, "read", f"reader:{ID}", ID, "demo/one", ID))
        noted = due
        await asyncio.sleep(0.001)
    if tending:
        tending.cancel()
    used = spent() - before
    return used / total * 1e6


async def main(pace: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        audit = FileAudit(Path(folder), Clock(), MemoryAnchors())
        for _ in range(3):
            idle, busy = await measure(pace, None), await measure(pace, audit)
            print(f"{busy - idle:.2f} µs for a record at {pace}/s (the loop alone {idle:.2f})")
        await audit.close()
        size = sum(path_of(Path(folder), chain).stat().st_size for chain in chains_in(Path(folder)))
        print(f"{size / (3 * pace * SECONDS):.0f} bytes for a record")


if __name__ == "__main__":
    asyncio.run(main(int((sys.argv[1:] or ["10000"])[0])))
