"""The table of docs/damage.md: `python -m tests.damage.table` prints it.

What a cell says was seen: whether answers are right or errors; told, in the log and by /readyz;
found by `paidgate verify`; repaired by `--repair`; mended by sending the same source again.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import anyio
import click
import structlog

from gateway.stores.stored import BUCKET, STORED, Stored
from tests.damage.cells import Ground, Seen
from tests.damage.samples import HARMS
from tests.support.s3 import s3_server

DOCS = Path(__file__).parents[2] / "docs" / "damage.md"
NONE = "–"  # cannot be harmed so

Cells = Mapping[tuple[str, str, str], str]


def written() -> Cells:
    """Return what the table in docs says."""
    rows = [line.strip("| \n").split(" | ") for line in DOCS.read_text().splitlines()]
    return {
        (row[0], row[1], harm): cell
        for row in rows
        if len(row) == 2 + len(HARMS) and row[0] != "stored"
        for harm, cell in zip(HARMS, row[2:], strict=True)
    }


def shown(seen: Seen | None) -> str:
    """Return what a cell says."""
    return NONE if seen is None else str(seen)


async def rows(things: list[tuple[Stored, str]], ground: Ground) -> list[str]:
    """Return the lines of some things on one kind of store."""
    await ground.build()
    lines = []
    for thing, store in things:
        cells = [shown(await ground.harmed(thing, harm)) for harm in HARMS]
        lines.append(f"| {thing.name} | {store} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Harm everything, and print the table."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # what it says is seen
    pairs = [(thing, store) for thing in STORED for store in thing.on]
    with ExitStack() as stack:
        s3 = stack.enter_context(s3_server())
        os.environ.update(s3.environment)
        found = []
        for is_bucket, server in ((False, None), (True, s3)):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            some = [(thing, store) for thing, store in pairs if (store == BUCKET) is is_bucket]
            found += anyio.run(rows, some, Ground(folder, server))
    click.echo(f"| stored | on | {' | '.join(HARMS)} |")
    click.echo("|---|---" + "|---" * len(HARMS) + "|")
    for line in found:
        click.echo(line)


if __name__ == "__main__":
    main()
