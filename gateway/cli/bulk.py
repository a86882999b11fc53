"""Publishing many files: several at once, those already published skipped, every refusal told.

Each document is one publication of its own, so a run can be interrupted at any moment: the next
one skips what is there and does the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

import anyio
import click
from anyio import CancelScope, create_memory_object_stream, create_task_group, move_on_after
from anyio.streams.memory import MemoryObjectReceiveStream

from gateway.app import Services, looks, timeout
from gateway.cli.companions import bring
from gateway.cli.folders import SourceFile, publisher_of, source_files
from gateway.cli.progress import Progress
from gateway.cli.refusals import is_draft, lines, skipped, warned
from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Malformed
from gateway.formats.sources import SourceFormats
from gateway.rendering.workers import cores
from gateway.usecases.composing import Submission

POLL_INTERVAL = 1.0  # seconds between two looks at watched files
BATCH = 200  # files that are looked up in the ledger together
TIDYING = 5.0  # seconds that an interrupted run has to finish what it has begun

States = Mapping[Path, tuple[int, int]]
Say = Callable[..., None]  # prints a line, on standard error if err is true


async def publish_files(
    services: Services, files: Sequence[SourceFile], publisher: str, *, free: bool = False
) -> int:
    """Publish files, several at once; return how many were refused.

    publisher "" takes the name of each file's folder. free: they may hold no paid section.
    """
    run = _Run(services, publisher, Progress("publishing", len(files)), free=free)
    try:
        await run.go(files)
    finally:
        run.end()
    return run.counted["refused"]


class _Run:
    """One run over many files."""

    def __init__(
        self, services: Services, publisher: str, progress: Progress, *, free: bool
    ) -> None:
        self._services = services
        self._free = free
        self._publisher = publisher
        self._progress = progress
        self._taken: dict[Address, Path] = {}
        self.counted = Counter[str]()

    def end(self) -> None:
        """Tell what was done."""
        words = ["published", "unchanged", "refused"]
        words += ["skipped"] if self.counted["skipped"] else []
        self._say(", ".join(f"{self.counted[word]} {word}" for word in words), err=True)

    async def go(self, files: Sequence[SourceFile]) -> None:
        """Publish what is not published yet."""
        # What a run before this one was killed over is on record, but may not be shown yet.
        await self._tidy()
        send, receive = create_memory_object_stream[SourceFile](0)
        try:
            async with create_task_group() as tasks, send:
                # A composing each, and as many commits beside them, so that neither waits.
                for _ in range(2 * cores()):
                    tasks.start_soon(self._publish, receive.clone())
                receive.close()
                for portion in _portions(files):
                    for file in await self._changed(portion):
                        await send.send(file)
        except BaseException:
            with CancelScope(shield=True), move_on_after(TIDYING):
                await self._tidy()
            raise

    async def _tidy(self) -> None:
        with suppress(GatewayError):  # a later run, or a server, tries again
            await self._services.publishing.recover()

    async def _publish(self, receive: MemoryObjectReceiveStream[SourceFile]) -> None:
        with receive:
            async for file in receive:
                self._count(
                    await publish_file(
                        self._services, file, self._publisher, free=self._free, say=self._say
                    )
                )

    async def _changed(self, files: Sequence[SourceFile]) -> Sequence[SourceFile]:
        """Return the files that are not published as they are; tell of those that cannot be."""
        addresses: dict[SourceFile, Address] = {}
        digests: dict[Address, str] = {}
        for file in files:
            try:
                submission = _submission(file, self._publisher, free=self._free)
                self._take(submission.address, file)
            except (GatewayError, OSError) as error:
                self._count(tell(file, error, self._say))
            else:
                addresses[file] = submission.address
                digests[submission.address] = self._services.publishing.digest(submission)
        unchanged = await self._services.publishing.unchanged(digests)
        self._count("unchanged", len(unchanged))
        return [file for file, address in addresses.items() if address not in unchanged]

    def _take(self, address: Address, file: SourceFile) -> None:
        """See to it that no two files are one document. Raises Malformed."""
        first = self._taken.setdefault(address, file.path)
        if first != file.path:
            raise Malformed(f"{first} is {address} already.", hint="Name one of them differently.")

    def _say(self, line: str, *, err: bool = False) -> None:
        self._progress.erase()
        click.echo(line, err=err)

    def _count(self, outcome: str, files: int = 1) -> None:
        self.counted[outcome] += files
        self._progress.advance(files)


def _portions(files: Sequence[SourceFile]) -> Iterator[Sequence[SourceFile]]:
    rest = iter(files)
    while portion := list(islice(rest, BATCH)):
        yield portion


async def publish_file(
    services: Services,
    file: SourceFile,
    publisher: str,
    *,
    free: bool = False,
    say: Say = click.echo,
) -> str:
    """Publish one file; return what came of it, and tell it if that is not as it was meant."""
    try:
        submission = _submission(file, publisher, free=free)
        await bring(services.picturing, file.path.parent, submission, say)
        published = await services.publishing.publish(submission)
    except Exception as error:  # whatever it is, it is of this file alone
        return tell(file, error, say)
    address = published.edition.address
    if address.slug != file.name:
        say(f"{file.path}: its address is {address}", err=True)
    for line in warned(file.path, published.warnings):
        say(line)
    return "published"


async def is_confirmed(services: Services) -> bool:
    """Return whether all that was published is, after some patience."""
    wait = partial(looks, timeout(services.settings))
    return await services.announcing.tell() or await services.announcing.wait(wait)


def _submission(file: SourceFile, publisher: str, *, free: bool) -> Submission:
    return file.submission(owner(file, publisher), SourceFormats(), free=free)


def owner(file: SourceFile, publisher: str) -> str:
    """Return the publisher given, or else the one that the file's folder names.

    Raises Malformed.
    """
    found = publisher or publisher_of(file)
    if not found:
        raise Malformed(
            "the folder's name cannot be a publisher.", hint="Name one with --publisher."
        )
    return found


def tell(file: SourceFile, error: Exception, say: Say = click.echo) -> str:
    """Tell why a file was refused, as compilers do, or that it was skipped; return which."""
    if file.found and is_draft(error):
        say(skipped(file.path), err=True)
        return "skipped"
    for line in lines(file.path, error):
        say(line)
    return "refused"


async def watch_files(
    services: Services,
    paths: Sequence[Path],
    publisher: str,
    seen: States,
    *,
    free: bool = False,
    charset: str | None = None,
) -> None:
    """Publish what changes below paths after it was seen so, for good."""
    while True:
        await anyio.sleep(POLL_INTERVAL)
        seen = await look(services, paths, publisher, seen, free=free, charset=charset)


async def look(
    services: Services,
    paths: Sequence[Path],
    publisher: str,
    seen: States,
    *,
    free: bool = False,
    charset: str | None = None,
) -> States:
    """Publish what is not as it was seen; return how it is seen now."""
    now = states(paths)
    files = {file.path: file for file in source_files(paths, charset)}
    for path in sorted(p for p, state in now.items() if seen.get(p) != state and p in files):
        if await publish_file(services, files[path], publisher, free=free) == "published":
            told = "published" if await is_confirmed(services) else "recorded, not confirmed"
            click.echo(f"{told} {path}", err=True)
    return now


def states(paths: Sequence[Path]) -> States:
    """Return by what a change of each file below paths is known."""
    found = {}
    for file in source_files(paths):
        with suppress(OSError):  # editors that save by renaming take it away for a moment
            stat = file.path.stat()
            found[file.path] = (stat.st_mtime_ns, stat.st_size)
    return found
