"""Composing, here or in a process that can be killed.

A source that takes too long or too much, or that takes its process with it, is refused, and stops
nothing else. What decides the bytes of an edition besides its source is told by `stamp`.
"""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

from anyio import (
    BrokenWorkerProcess,
    CapacityLimiter,
    Semaphore,
    current_time,
    move_on_after,
    to_process,
)

from gateway.core.errors import GatewayError, Refused
from gateway.core.findings import Finding, FindingCode
from gateway.core.markers import divide
from gateway.core.newly_public import newly_public
from gateway.core.profiles import Mark
from gateway.formats.sources import SourceFormats
from gateway.ports import Format, MadeCompanion
from gateway.process import die_with_parent
from gateway.rendering.made import make, mark_of
from gateway.rendering.pages import Pages
from gateway.rendering.press import PagePress
from gateway.rendering.shipped import shipped
from gateway.rendering.static import Static
from gateway.usecases.composing import Composed, Prepared, Task, compose, prepare
from gateway.usecases.consequences import Version
from gateway.usecases.soundness import worded
from gateway.usecases.submissions import Submission

PACKAGE = Path(__file__).parents[1]
TEMPLATES = shipped("templates")
TIMEOUT = 60.0  # seconds of a processor; a source that takes longer to set is refused
MEMORY = 2 << 30  # bytes that a process may take besides what it has when it is ready
STARTING = 30.0  # seconds that a process has besides, to start and to wait for a processor
SHORT = 8 << 10  # bytes that are compared in less time than a process is asked
TRIES = 2  # what kills its process is tried once more: something else may have killed it

Composer = Callable[[Task, str], Composed]
T = TypeVar("T")


@lru_cache(maxsize=1)
def static() -> Static:
    """Return the assets of the interface."""
    return Static()


@lru_cache(maxsize=1)
def pages() -> Pages:
    """Return the pages of the interface."""
    return Pages(TEMPLATES, static())


@lru_cache(maxsize=8)
def stamp(base_url: str) -> str:
    """Return a digest of what sets pages: the gateway itself, its templates, and base_url.

    Another version of any of them renders anew what did not change.
    """
    digest = hashlib.sha256(base_url.encode())
    for path in _sources():
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _sources() -> Iterator[Path]:
    for root in (PACKAGE, TEMPLATES):
        found = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
        yield from sorted(found)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def compose_edition(task: Task, base_url: str) -> Composed:
    """Make an edition of a submission. Raises Refused, Unsupported."""
    return compose(task, SourceFormats(), PagePress(pages(), base_url, task.profile), make)


def prepare_submission(submission: Submission, now: int) -> Prepared:
    """Find a submission sound. Raises Refused, Unsupported."""
    return prepare(submission, SourceFormats(), now, make)


def compare_versions(before: Version, after: Version) -> tuple[Finding, ...]:
    """Find what is newly public in a source. Raises Refused, Unsupported."""
    try:
        was, earlier = _kept(before)
    except Refused:  # by this version of the gateway, but not by the one that took it
        return ()
    form, text = _kept(after)
    return worded(newly_public(was.seen(earlier), form.seen(text)), form, text)


def _kept(version: Version) -> tuple[Format, str]:
    """Return the format and the text of a source as the vault keeps it."""
    source, name = version
    form = SourceFormats().named(name)
    return form, source.decode() if form.is_text else form.decode(source, None).text


class Here:
    """Composes here and now."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    async def compose(self, task: Task) -> Composed:
        """Make an edition of a submission. Raises Refused, Unsupported."""
        return compose_edition(task, self._base_url)

    async def prepare(self, submission: Submission, now: int) -> Prepared:
        """Find a submission sound. Raises Refused, Unsupported."""
        return prepare_submission(submission, now)

    async def make(self, publisher: str, name: str, body: bytes, kind: str) -> MadeCompanion:  # noqa: ARG002
        """Make a picture or an attachment. Raises Unsupported, TooLarge, Refused."""
        return make(name, body, kind)

    async def make_mark(self, publisher: str, body: bytes) -> Mark:  # noqa: ARG002
        """Make the mark of a publisher. Raises Unsupported, Refused."""
        return mark_of(body)

    async def compare(self, publisher: str, before: Version, after: Version) -> tuple[Finding, ...]:  # noqa: ARG002
        """Find what is newly public. Raises Refused."""
        return compare_versions(before, after)


class Elsewhere:
    """Composes in processes that are started when first needed.

    A publisher has as many as there are processors, and all have one more: whatever one publisher
    sends, there is a place for the others.
    """

    def __init__(
        self, base_url: str, *, timeout: float = TIMEOUT, composer: Composer = compose_edition
    ) -> None:
        self._base_url = base_url
        self._patience = timeout
        self._composer = composer
        # The time of a document begins behind the door: to wait for a process takes none of it.
        self._door = Semaphore(cores() + 1)
        self._processes = CapacityLimiter(cores() + 1)
        self._shares: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

    async def compose(self, task: Task) -> Composed:
        """Make an edition of a submission. Raises Refused, Unsupported."""
        work = partial(self._composer, task, self._base_url)
        return await self._run(task.submission.address.publisher, work)

    async def prepare(self, submission: Submission, now: int) -> Prepared:
        """Find a submission sound. Raises Refused, Unsupported."""
        work = partial(prepare_submission, submission, now)
        return await self._run(submission.address.publisher, work)

    async def make(self, publisher: str, name: str, body: bytes, kind: str) -> MadeCompanion:
        """Make a picture or an attachment. Raises Unsupported, TooLarge, Refused."""
        return await self._run(publisher, partial(make, name, body, kind), "file")

    async def make_mark(self, publisher: str, body: bytes) -> Mark:
        """Make the mark of a publisher. Raises Unsupported, Refused."""
        return await self._run(publisher, partial(mark_of, body), "file")

    async def compare(self, publisher: str, before: Version, after: Version) -> tuple[Finding, ...]:
        """Find what is newly public. Raises Refused."""
        is_text = all(SourceFormats().named(form).is_text for _, form in (before, after))
        if is_text and len(before[0]) + len(after[0]) <= SHORT:
            return compare_versions(before, after)
        return await self._run(publisher, partial(compare_versions, before, after))

    async def _run(self, publisher: str, work: Callable[[], T], what: str = "document") -> T:
        limited = partial(_outcome, os.getpid(), self._patience, work)
        async with self._share(publisher), self._door:
            for _ in range(TRIES):
                began = current_time()
                # The kernel ends what computes for too long, and this ends what only waits.
                with move_on_after(self._patience + STARTING), suppress(BrokenWorkerProcess):
                    return await self._answer(limited, what)
                if current_time() - began >= self._patience:
                    raise _refused(f"takes longer than {self._patience:.0f} seconds to set", what)
        raise _refused("cannot be set: the process that tried was killed", what)

    def _share(self, publisher: str) -> Semaphore:
        """Return the places of a publisher, kept while somebody stands in one or waits."""
        return self._shares.setdefault(publisher, Semaphore(cores()))

    async def _answer(self, limited: Callable[[], T | GatewayError], what: str) -> T:
        try:
            outcome = await to_process.run_sync(limited, cancellable=True, limiter=self._processes)
        except MemoryError:
            gib = MEMORY >> 30
            raise _refused(f"takes more than {gib} GiB of memory to set", what) from None
        if isinstance(outcome, GatewayError):
            raise outcome
        return outcome


def _refused(why: str, what: str) -> Refused:
    hint = "Divide it, or make it simpler."
    return Refused((Finding(1, None, FindingCode.TOO_LARGE, f"The {what} {why}.", hint),))


def _outcome(parent: int, timeout: float, work: Callable[[], T]) -> T | GatewayError:
    """Work in a process that the kernel ends when the work takes too long."""
    _get_ready(parent)
    # By processor time, so that no document is refused because the machine is busy.
    signal.setitimer(signal.ITIMER_PROF, timeout)
    try:
        return work()
    except GatewayError as error:
        return error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@lru_cache(maxsize=1)
def _get_ready(parent: int) -> None:
    """Do once, and at no document's expense, what a process needs."""
    die_with_parent(parent)  # it ends with the parent, also in the middle of what never ends
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    pages()
    divide("é#")  # makes its tables
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold paid text
    _limit_memory()


def _limit_memory() -> None:
    """Have the kernel give this process no more than MEMORY from now on."""
    if sys.platform != "linux":
        return
    pages_had = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages_had * resource.getpagesize() + MEMORY
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or soft > most:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
