"""Publishing many files: progress to look at, and every refusal told without stopping."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import anyio
import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.app import House
from gateway.core.errors import GatewayError, Malformed, Refused
from gateway.folders import SourceFile, publisher_of, source_files
from gateway.formats.sources import SourceFormats

LOOK = 1.0  # seconds between two looks at watched files


async def publish_files(house: House, files: Iterable[SourceFile], publisher: str) -> int:
    """Publish files one after another; return how many were refused."""
    listed = list(files)
    refused = 0
    with _progress() as progress:
        task = progress.add_task("publishing", total=len(listed))
        for file in listed:
            refused += not await publish_file(house, file, publisher)
            progress.advance(task)
    click.echo(f"{len(listed) - refused} published, {refused} refused", err=True)
    return refused


async def publish_file(house: House, file: SourceFile, publisher: str) -> bool:
    """Publish one file; tell why and return False if it is refused."""
    try:
        owner = publisher or publisher_of(file)
        if not owner:
            raise Malformed(
                "the folder's name cannot be a publisher.", hint="Name one with --publisher."
            )
        await house.granting.register(owner)
        await house.publishing.publish(file.submission(owner, SourceFormats()))
    except Refused as error:
        for f in error.findings:
            click.echo(f"{file.path}:{f.line}:{f.column or 1}: {f.code}: {f.message}")
        return False
    except (GatewayError, OSError) as error:
        hint = error.hint if isinstance(error, GatewayError) else ""
        click.echo(f"{file.path}:1:1: error: {error} {hint}".rstrip())
        return False
    return True


async def watch_files(house: House, paths: tuple[Path, ...], publisher: str) -> None:
    """Publish what changes below paths, for good."""
    seen = _states(paths)
    while True:
        await anyio.sleep(LOOK)
        now = _states(paths)
        for path in sorted(p for p, state in now.items() if seen.get(p) != state):
            if await publish_file(house, SourceFile(path), publisher):
                click.echo(f"published {path}", err=True)
        seen = now


def _states(paths: tuple[Path, ...]) -> dict[Path, tuple[int, int]]:
    states = {}
    for file in source_files(paths):
        stat = file.path.stat()
        states[file.path] = (stat.st_mtime_ns, stat.st_size)
    return states


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
