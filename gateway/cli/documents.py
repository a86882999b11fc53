"""Commands on documents: publish, check, split."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.folders import SourceFile, others, publisher_of, source_files
from gateway.cli.refusals import is_draft, lines, skipped, warned, words
from gateway.cli.running import require_confirmed, told, with_services
from gateway.core.documents import measure
from gateway.core.errors import Refused
from gateway.formats.sources import SourceFormats
from gateway.usecases.composing import Prepared, prepare

if TYPE_CHECKING:
    pass

INTERRUPTED = 130  # 128 + SIGINT, as shells say it

PATHS = click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)


FREE = click.option("--free", is_flag=True, help="Documents may hold no paid section.")
CHARSET = click.option("--charset", help="The charset of all files; else each tells its own.")


@click.command()
@PATHS
@click.option("--publisher", default="", help="Publish as this publisher; else the folder's name.")
@FREE
@CHARSET
@click.option("--watch", is_flag=True, help="Go on: publish what changes, until interrupted.")
@told
def publish(
    paths: tuple[Path, ...], publisher: str, free: bool, charset: str | None, watch: bool
) -> None:
    """Publish files, or folders that hold <publisher>/<slug>.ext."""
    from gateway.cli.bulk import Run
    from gateway.cli.targets import Here, Target
    from gateway.cli.watching import Watch

    for path in others(paths):
        click.echo(f"{path}: skipped: no document", err=True)

    async def work(target: Target) -> tuple[int, bool]:
        watched = Watch(target, paths, publisher, free=free, charset=charset)
        files = watched.files()
        run = Run(target, publisher, len(files), free=free)
        await run.go(files)
        confirmed = await target.is_confirmed()
        if watch:
            watched.know(run.known)
            await watched.go()
        return run.counted["refused"], confirmed

    try:
        refused, confirmed = with_services(lambda s: work(Here(s)), in_process=False)
    except KeyboardInterrupt:
        click.echo("paidgate: interrupted; the same command again does the rest.", err=True)
        sys.exit(INTERRUPTED)
    if refused:
        sys.exit(1)
    require_confirmed(confirmed)


@click.command()
@PATHS
@FREE
@CHARSET
@click.option("--json", "as_json", is_flag=True, help="Print findings and warnings as JSON.")
@told
def check(paths: tuple[Path, ...], free: bool, charset: str | None, as_json: bool) -> None:
    """Check files as publication would, and publish nothing.

    What depends on what is published already, only publication tells.
    """
    outcomes = [(file, _outcome(file, free=free)) for file in source_files(paths, charset)]
    if as_json:
        reports = [_report(file, outcome) for file, outcome in outcomes]
        click.echo(json.dumps(reports, ensure_ascii=False, indent=1))
    else:
        for file, outcome in outcomes:
            _tell(file, outcome)
    sys.exit(1 if any(_is_refused(*each) for each in outcomes) else 0)


Outcome = Prepared | Exception


def _outcome(file: SourceFile, *, free: bool) -> Outcome:
    try:
        return _prepare(file, free=free)
    except Exception as error:  # whatever it is, it is of this file alone
        return error


def _is_refused(file: SourceFile, outcome: Outcome) -> bool:
    return isinstance(outcome, Exception) and not (file.found and is_draft(outcome))


def _tell(file: SourceFile, outcome: Outcome) -> None:
    if isinstance(outcome, Prepared):
        told = warned(file.path, outcome.warnings)
    elif _is_refused(file, outcome):
        told = lines(file.path, outcome)
    else:
        click.echo(skipped(file.path), err=True)
        return
    for line in told:
        click.echo(line)


def _report(file: SourceFile, outcome: Outcome) -> dict[str, Any]:
    from gateway.rendering.problems import finding

    report: dict[str, Any] = {"file": str(file.path), "findings": [], "warnings": []}
    if isinstance(outcome, Prepared):
        report["warnings"] = [finding(each) for each in outcome.warnings]
        report["sections"] = [
            {"kind": "paid" if paid else "free", "line": line, "end_line": end_line}
            for paid, line, end_line in outcome.sections
        ]
    elif isinstance(outcome, Refused):
        report["findings"] = [finding(each) for each in outcome.findings]
    else:
        report["error"] = words(outcome)
    return report


def _prepare(file: SourceFile, *, free: bool) -> Prepared:
    formats = SourceFormats()
    submission = file.submission(publisher_of(file) or "check", formats, free=free)
    return prepare(submission, formats, int(time()))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@CHARSET
@told
def split(file: Path, charset: str | None) -> None:
    """Print how a file is divided."""
    source = SourceFile(file, charset=charset)
    try:
        prepared = _prepare(source, free=True)  # whether it is meant so is not asked here
    except Refused as refused:
        for line in lines(source.path, refused):
            click.echo(line)
        sys.exit(1)
    for section, (paid, first, last) in zip(
        prepared.document.sections, prepared.sections, strict=True
    ):
        characters, size = measure(section)
        kind = "paid" if paid else "free"
        click.echo(f"{kind}  lines {first}-{last}  {characters} characters  {size} bytes")
