"""Watching files: what changes is published, what is renamed moves, what is deleted goes.

Nothing is deleted or renamed but what this run has seen published from a file of these folders. A
file that is missing is looked for once more: editors that save by renaming take it away for a
moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import anyio
import click

from gateway.cli.bulk import publish_one, submission_of, taken, tell
from gateway.cli.folders import DRAFTS, SourceFile, source_files
from gateway.cli.refusals import words
from gateway.cli.targets import Outcome, Target
from gateway.cli.watched import States, WatchedFiles
from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Missing, Unavailable

POLL_INTERVAL = 1.0  # seconds between two looks at watched files


class Watch:
    """Looks at files again and again."""

    def __init__(
        self,
        target: Target,
        paths: Sequence[Path],
        publisher: str = "",
        *,
        free: bool = False,
        charset: str | None = None,
    ) -> None:
        self._target = target
        self._paths = paths
        self._publisher = publisher
        self._free = free
        self._charset = charset
        self._roots = _places(paths)
        # Before the first run, or it would miss what changes meanwhile.
        self._watched = WatchedFiles(paths)
        self._seen = self._watched.states()
        self.known: dict[Path, Outcome] = {}
        self._contents: dict[Path, bytes] = {}
        self._missing: frozenset[Path] = frozenset()
        self._lost: frozenset[Path] = frozenset()  # documents that named more at the last look
        self._waiting: set[Path] = set()  # until the gateway answers again

    def files(self) -> Sequence[SourceFile]:
        """Return the files that there are, each with its address."""
        return [*source_files(self._paths, self._charset, self._publisher, note=True)]

    def know(self, known: Mapping[Path, Outcome]) -> None:
        """Learn what is published of these files."""
        self.known.update(known)
        self._contents |= {path: _content(path) for path in known}

    async def go(self) -> None:
        """Follow every change, for good."""
        while True:
            await anyio.sleep(POLL_INTERVAL)
            await self.look()

    async def look(self) -> None:
        """Follow what has changed since the last look."""
        now = self._kept(self._watched.states())
        gone = self._gone(now)
        if now == self._seen and not gone and not self._waiting:
            return
        files = {file.path: file for file in self.files()}
        changed = sorted(path for path in now if self._is_due(path, now) and path in files)
        for path, before in self._moved(changed, gone):
            self.known[path] = self.known.pop(before)
        for path in changed:
            await self._follow(files[path], now)
        for path in sorted(gone & self._missing & self.known.keys()):
            await self._delete(path)
        self._missing = gone & self.known.keys()
        self._contents |= {path: _content(path) for path in changed}
        self._seen = now

    def _kept(self, now: States) -> States:
        """Return how the files are; of one that has lost what it shows, once more how it was."""
        lost = frozenset(p for p, of in now.items() if len(of) < len(self._seen.get(p, ())))
        fresh, self._lost = lost - self._lost, lost
        return {p: (of[0], *self._seen[p][1:]) if p in fresh else of for p, of in now.items()}

    def _is_due(self, path: Path, now: States) -> bool:
        return self._seen.get(path) != now[path] or path in self._waiting

    def _gone(self, now: States) -> frozenset[Path]:
        """Return the files that are missing; a folder that is away says nothing of its files."""
        is_here = _places(self._paths) == self._roots
        return frozenset(self.known.keys() - now.keys()) if is_here else frozenset()

    def _moved(self, changed: Sequence[Path], gone: frozenset[Path]) -> Iterator[tuple[Path, Path]]:
        """Yield each new file that holds what a missing one did, with the path of that."""
        # The number of a file tells nothing: the next one that is made may have it.
        left = {c: path for path in sorted(gone) if (c := self._contents.get(path, b""))}
        for path in changed:
            if path in self.known or DRAFTS in path.parts:  # what becomes a draft goes
                continue
            before = left.pop(_content(path), None)
            if before:
                yield path, before

    async def _follow(self, file: SourceFile, now: States) -> None:
        """Publish a file, first at the address that it has now."""
        before = self.known.get(file.path)
        try:
            address = submission_of(file, self._publisher, free=self._free).address
            self._claim(file.path, address, now)
            if before and before.address != address:
                await self._move(file.path, before, address)
            outcome = await publish_one(self._target, file, self._publisher, free=self._free)
        except Unavailable as error:
            if file.path not in self._waiting:
                tell(file, error)
            self._waiting.add(file.path)
            return
        except Exception as error:  # whatever it is, it is of this file alone
            tell(file, error)
        else:
            self.known[file.path] = outcome
            if before is None or outcome.edition != before.edition:
                await self._say(f"published {file.path}", f"recorded {file.path}")
        self._waiting.discard(file.path)

    def _claim(self, path: Path, address: Address, now: States) -> None:
        """See to it that an address is this file's. Raises Malformed where it is another's."""
        others = [p for p, known in self.known.items() if known.address == address and p != path]
        for other in others:
            if other in now:
                raise taken(other, address)
            del self.known[other]  # this file has come in its place

    async def _move(self, path: Path, before: Outcome, address: Address) -> None:
        """Give the document of a file the address that the file has now."""
        if address.publisher != before.address.publisher:
            await self._delete(path)
            return
        moved = await self._target.rename(before.address, address.slug, before.edition)
        self.known[path] = moved
        words = f"{before.address} to {moved.address}: {path}"
        await self._say(f"renamed {words}", f"recorded as renamed {words}")

    async def _delete(self, path: Path) -> None:
        known = self.known[path]
        try:
            await self._target.delete(known.address, known.edition)
        except Unavailable:
            return  # tried again at the next look
        except Missing:
            pass  # by somebody else
        except GatewayError as error:
            click.echo(f"{path}: {known.address} is left as it is: {words(error)}", err=True)
        else:
            told = f"{known.address}: {path} is gone; for 30 days it can be published again"
            await self._say(f"deleted {told}", f"recorded as deleted {told}")
        self.known.pop(path, None)

    async def _say(self, done: str, recorded: str) -> None:
        try:
            is_sure = await self._target.is_confirmed()
        except Unavailable:
            is_sure = False
        click.echo(done if is_sure else f"{recorded} (not confirmed yet)", err=True)


def _places(paths: Sequence[Path]) -> Sequence[tuple[int, int] | None]:
    """Return which folders are there; of files that are named themselves, their folders."""
    return [_place(path if path.is_dir() else path.parent) for path in paths]


def _place(folder: Path) -> tuple[int, int] | None:
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _content(path: Path) -> bytes:
    """Return a digest of what a file holds, b"" where nothing is or can be read."""
    try:
        if not path.is_file():
            return b""  # nobody waits for a pipe
        held = path.read_bytes()
    except OSError:
        return b""
    return hashlib.sha256(held).digest() if held else b""
