"""`paidgate bench`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    pass


@click.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100))
@click.option(
    "--seconds",
    default=2,
    show_default=True,
    type=click.IntRange(1, 60),
    help="Length of one measurement.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything measured as JSON.")
def bench(rounds: int, seconds: int, as_json: bool) -> None:
    """Measure what answers cost here, beside nginx; takes a few minutes."""
    from gateway.bench.load import Faulty
    from gateway.bench.processes import Lacking
    from gateway.bench.run import run

    try:
        report = run(rounds, seconds, lambda words: click.echo(words, err=True))
    except (Lacking, Faulty) as error:
        click.echo(f"paidgate: {error}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1))
    else:
        click.echo(report.text())
