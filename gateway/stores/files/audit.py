"""The audit on files: one chain for each life of a process, and a new one each day.

A read is noted in memory and written a few milliseconds later, many at a time; a change is on disk
before it is acknowledged. What cannot be written is kept in mind up to a bound, and beyond that
nothing is served. Heads are anchored after they are on disk, so an anchor is never ahead of a file;
the first one of a chain before a change in it is acknowledged, all others now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import structlog
from anyio import Lock, sleep, to_thread

from gateway.core.audit_chains import Anchor, Head
from gateway.core.audit_records import Record
from gateway.core.errors import Unavailable
from gateway.ports import Anchors, Clock
from gateway.stores.files.chains import ChainFile, new_name, this_host
from gateway.stores.files.durable import make_folder
from gateway.stores.outages import reason, unavailable

TICK = 0.01  # seconds until a note is written
AGAIN = 1.0  # seconds until another try where writing failed
FLUSH_INTERVAL = 1.0  # seconds until what is written is flushed
TURNS = 5  # flushes from one anchoring to the next
BOUND = 10_000  # records that wait to be written
LARGEST = 256 << 20  # bytes of one file
DAY = 86_400

_log = structlog.get_logger()


class FileAudit:
    """Chains in a folder of their owner alone."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        anchors: Anchors,
        *,
        host: str = "",
        largest: int = LARGEST,
    ) -> None:
        make_folder(folder, 0o700)
        folder.chmod(0o700)
        self._folder = folder
        self._clock = clock
        self._anchors = anchors
        self._host = host or this_host()
        self._largest = largest
        self._waiting: list[Record] = []
        self._is_due = False
        self._is_failing = False
        self._current: ChainFile | None = None
        self._day = 0
        self._last = Head("")  # where the next chain goes on from
        self._over: list[ChainFile] = []  # to be flushed and anchored once more
        self._flushing = Lock()

    def note(self, record: Record) -> None:
        """Take up a record; it is written a few milliseconds later.

        Raises Unavailable when too many records wait already.
        """
        if len(self._waiting) >= BOUND:
            raise Unavailable("audit")
        self._waiting.append(record)
        if not self._is_due:
            self._write_in(TICK)

    async def keep(self, *records: Record) -> None:
        """Take up records; when this returns, all that was taken up so far is durable.

        Raises Unavailable. What could be taken up and not be written waits for its turn.
        """
        for record in records:
            if len(self._waiting) >= BOUND:
                self._write()
            self.note(record)
        self._write()
        await self._flush()
        # What is acknowledged is never in a chain that nobody knows of.
        with suppress(Unavailable):
            await self._put_on_record(file for file in self._files() if not file.anchored.number)

    async def maintain(self) -> None:
        """Flush and anchor what is written, for good."""
        for turn in count(1):
            await sleep(FLUSH_INTERVAL)
            with suppress(Unavailable):
                await (self._flush() if turn % TURNS else self.anchor())

    async def close(self) -> None:
        """Write, flush and anchor what can be, and let go of the files."""
        with suppress(Unavailable):
            self._write()
        with suppress(Unavailable):
            await self.anchor()
        if self._waiting:
            _log.error("audit", state="closed", lost=len(self._waiting))
        for file in self._files():
            file.close()
        self._current, self._over = None, []

    # --- writing ---

    def _write_in(self, seconds: float) -> None:
        self._is_due = True
        asyncio.get_running_loop().call_later(seconds, self._on_time)

    def _on_time(self) -> None:
        self._is_due = False
        try:
            with suppress(Unavailable):
                self._write()
        finally:
            if self._waiting:
                self._write_in(AGAIN)

    def _write(self) -> None:
        """Write what waits. Raises Unavailable, and then it waits on."""
        if not self._waiting:
            return
        at = self._clock.now()
        with self._telling():
            self._file(at).append(self._waiting, at)
        self._waiting = []
        if self._is_failing:
            self._is_failing = False
            _log.info("audit", state="written again")

    def _file(self, at: int) -> ChainFile:
        """Return the file to write to: a new one where there is none, or the last one is over."""
        file = self._current
        if file and file.is_sound and file.size < self._largest and self._day == at // DAY:
            return file
        if file:
            self._last = file.head
            self._over.append(file)
            self._current = None
        file = ChainFile(self._folder, self._last.follow(new_name(self._host, at)))
        self._current, self._day = file, at // DAY
        return file

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn an OSError into Unavailable, and log the first one of a row."""
        try:
            yield
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                _log.error("audit", state="not written", why=reason(error))
            raise unavailable("audit", error) from error

    # --- making it last ---

    def _files(self) -> list[ChainFile]:
        return [*self._over, *filter(None, [self._current])]

    async def _flush(self) -> None:
        """Make durable what is written by now; who waits for a flush shares it with others."""
        goals = [(file, file.head.number) for file in self._files() if not file.is_lost]
        async with self._flushing:
            for file, number in goals:
                if file.flushed.number < number:
                    with self._telling():
                        await to_thread.run_sync(file.flush)

    async def anchor(self) -> None:
        """Flush, and put the heads on record. Raises Unavailable."""
        await self._flush()
        await self._put_on_record(self._files())
        async with self._flushing:
            done = [file for file in self._over if file.is_lost or file.anchored == file.head]
            self._over = [file for file in self._over if file not in done]
            for file in done:
                file.close()

    async def _put_on_record(self, files: Iterable[ChainFile]) -> None:
        for file in files:
            head = file.flushed
            if head != file.anchored:
                now = self._clock.now()
                await self._anchors.anchor(Anchor(head.chain, head.number, head.hash, now))
                file.anchored = head
