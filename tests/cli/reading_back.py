"""A gateway on files with one publisher, demo, and what `verify` tells of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.app import Services, open_services
from gateway.cli.verifying import verify
from tests.faults import loops


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Services]:
    """Open a gateway that keeps its data in a folder."""
    services = await open_services(loops.settings(folder), in_process=True)
    await services.publishers.register("demo")
    yield services
    await services.close()


async def told(services: Services, *, repair: bool = False) -> tuple[list[str], int]:
    """Read all back; return each line that is told, and how much is left damaged."""
    lines: list[str] = []
    found = await verify(services, lines.append, repair=repair)
    return lines, found.left
