"""Publishing many files: several at once, those already published skipped, every refusal told.

Each document is one publication of its own, so a run can be interrupted at any moment: the next
one skips what is there and does the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import click
from anyio import CancelScope, create_memory_object_stream, create_task_group, move_on_after
from anyio.streams.memory import MemoryObjectReceiveStream

from gateway.app import Services
from gateway.cli.companions import read_beside
from gateway.cli.folders import SourceFile, publisher_of
from gateway.cli.progress import Progress
from gateway.cli.refusals import is_draft, lines, skipped, warned
from gateway.cli.targets import LocalTarget, Outcome, Target
from gateway.core.companions import kind_meant
from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Malformed, Unavailable
from gateway.formats.sources import SourceFormats
from gateway.rendering.workers import cores
from gateway.usecases.submissions import Submission

BATCH = 200  # files that are looked up in the ledger together
TIDYING = 5.0  # seconds that an interrupted run has to finish what it has begun

Say = Callable[..., None]  # prints a line, on standard error if err is true


async def publish_files(services: Services, files: Sequence[SourceFile], publisher: str) -> int:
    """Publish files, several at once; return how many were refused.

    publisher "" takes the name of each file's folder.
    """
    run = Run(LocalTarget(services), publisher, len(files), free=False)
    await run.go(files)
    return run.counted["refused"]


class Run:
    """One run over many files. `known` is what stands where of them, once it is published."""

    def __init__(self, target: Target, publisher: str, count: int, *, free: bool) -> None:
        self._target = target
        self._free = free
        self._publisher = publisher
        self._progress = Progress("publishing", count)
        self._taken: dict[Address, Path] = {}
        self.counted = Counter[str]()
        self.known: dict[Path, Outcome] = {}

    def _end(self) -> None:
        words = ["published", "unchanged", "refused"]
        words += ["skipped"] if self.counted["skipped"] else []
        self._say(", ".join(f"{self.counted[word]} {word}" for word in words), err=True)

    async def go(self, files: Sequence[SourceFile]) -> None:
        """Publish what is not published yet, and tell what was done."""
        try:
            await self._go(files)
        finally:
            self._end()

    async def _go(self, files: Sequence[SourceFile]) -> None:
        # What a run before this one was killed over is on record, but may not be shown yet.
        await self._target.tidy()
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
                await self._target.tidy()
            raise

    async def _publish(self, receive: MemoryObjectReceiveStream[SourceFile]) -> None:
        with receive:
            async for file in receive:
                outcome = await publish_to(
                    self._target, file, self._publisher, free=self._free, say=self._say
                )
                if isinstance(outcome, Outcome):
                    self.known[file.path] = outcome
                    self._count("published")
                else:
                    self._count(outcome)

    async def _changed(self, files: Sequence[SourceFile]) -> Sequence[SourceFile]:
        """Return the files that are not published as they are; tell of those that cannot be."""
        submissions: dict[SourceFile, Submission] = {}
        for file in files:
            try:
                submission = submission_of(file, self._publisher, free=self._free)
                self._take(submission.address, file)
            except (GatewayError, OSError) as error:
                self._count(tell(file, error, self._say))
            else:
                submissions[file] = submission
        unchanged = await self._target.unchanged([*submissions.values()])
        self._count("unchanged", len(unchanged))
        for file, submission in submissions.items():
            if edition := unchanged.get(submission.address):
                self.known[file.path] = Outcome(submission.address, edition)
        return [file for file in submissions if file.path not in self.known]

    def _take(self, address: Address, file: SourceFile) -> None:
        """See to it that no two files are one document. Raises Malformed."""
        first = self._taken.setdefault(address, file.path)
        if first != file.path:
            raise taken(first, address)

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


async def publish_to(
    target: Target, file: SourceFile, publisher: str, *, free: bool = False, say: Say = click.echo
) -> Outcome | str:
    """Publish one file; return what is current then, or "refused" or "skipped", and tell why."""
    try:
        return await publish_one(target, file, publisher, free=free, say=say)
    except Exception as error:  # whatever it is, it is of this file alone
        return tell(file, error, say)


async def publish_one(
    target: Target, file: SourceFile, publisher: str, *, free: bool = False, say: Say = click.echo
) -> Outcome:
    """Publish one file, and tell what its author should know. Raises what the target does."""
    submission = submission_of(file, publisher, free=free)
    await bring(target, file.path.parent, submission, say)
    outcome = await target.publish(submission)
    if outcome.is_new and outcome.address.slug != file.name:
        say(f"{file.path}: its address is {outcome.address}", err=True)
    for line in warned(file.path, outcome.warnings):
        say(line)
    return outcome


async def bring(target: Target, folder: Path, submission: Submission, say: Say) -> None:
    """Put what stands beside a document where publication finds it; tell what cannot be shown.

    Raises Unavailable.
    """
    for each in submission.companions or ():
        try:
            body = read_beside(folder, each)
            await target.bring(submission.address, each.name, body, kind_meant(each.name, body))
        except Unavailable:
            raise  # else it would be published without, and stay so
        except (GatewayError, OSError) as error:
            say(f"{folder / each.name}: not shown: {error}")


def submission_of(file: SourceFile, publisher: str, *, free: bool) -> Submission:
    """Return what a file submits. Raises Malformed, Refused, Unsupported, OSError."""
    return file.submission(owner(file, publisher), SourceFormats(), free=free)


def taken(first: Path, address: Address) -> Malformed:
    """Return why a second file cannot be a document that another one is."""
    return Malformed(f"{first} is {address} already.", hint="Let one declare another slug.")


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
