"""Commands on documents: publish, check, split."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any

import click

from gateway.cli.companions import made_here
from gateway.cli.folders import SourceFile, found_files, others, publisher_of, source_files
from gateway.cli.refusals import is_draft, lines, skipped, warned, words
from gateway.cli.running import require_confirmed, told, with_services
from gateway.core.documents import measure
from gateway.core.errors import Malformed, Refused
from gateway.formats.sources import SourceFormats
from gateway.rendering.made import make
from gateway.usecases.composing import Prepared, prepare

KEY = "PAIDGATE_KEY"
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
@click.option("--watch", is_flag=True, help="Go on: follow what changes, until interrupted.")
@click.option("--remote", default="", metavar="URL", help="Publish at a gateway elsewhere.")
@click.option(
    "--key",
    default="",
    envvar=KEY,
    help=f"API key for --remote; better in {KEY}, which no list of processes shows.",
)
@told
def publish(
    paths: tuple[Path, ...],
    publisher: str,
    free: bool,
    charset: str | None,
    watch: bool,
    remote: str,
    key: str,
) -> None:
    """Publish files, or folders that hold <publisher>/<slug>.ext."""
    from gateway.cli.bulk import Run
    from gateway.cli.targets import LocalTarget, Target
    from gateway.cli.watching import Watch

    for path in others(paths):
        click.echo(f"{path}: skipped: no document", err=True)

    async def work(target: Target, owner: str) -> tuple[int, bool]:
        watched = Watch(target, paths, owner, free=free, charset=charset)
        files = watched.files()
        run = Run(target, owner, len(files), free=free)
        await run.go(files)
        confirmed = await target.is_confirmed()
        if watch:
            watched.know(run.known)
            await watched.go()
        return run.counted["refused"], confirmed

    async def there() -> tuple[int, bool]:
        target = RemoteTarget(remote, key)
        return await work(target, _owner(publisher, await target.publisher(), paths))

    try:
        if remote:
            from gateway.cli.remote import RemoteTarget

            _require_key(remote, key)
            refused, confirmed = asyncio.run(there())
        else:
            refused, confirmed = with_services(
                lambda s: work(LocalTarget(s), publisher), in_process=False
            )
    except KeyboardInterrupt:
        click.echo("paidgate: interrupted; the same command again does the rest.", err=True)
        sys.exit(INTERRUPTED)
    if refused:
        sys.exit(1)
    require_confirmed(confirmed)


def _require_key(remote: str, key: str) -> None:
    from gateway.cli.remote import is_open

    if not key:
        raise Malformed(
            "--remote needs an API key.", hint=f"Put it in {KEY}, or name it with --key."
        )
    if is_open(remote):
        click.echo(f"paidgate: {remote} is not on https: others can read the key.", err=True)


def _owner(named: str, known: str, paths: Sequence[Path]) -> str:
    """Return whose files are published with a key. Raises Malformed where they are not."""
    if named and known and named != known:
        raise Malformed(f"The key is {known}'s, not {named}'s.", hint="Use a key of the publisher.")
    found = sorted({name for file in found_files(paths) if (name := publisher_of(file))})
    if not named and len(found) > 1 and known in ("", *found):
        raise Malformed(
            f"These files are of {len(found)} publishers ({', '.join(found[:5])}), and a key is of"
            " one.",
            hint="Name the folder of one, or name with --publisher whose they all are.",
        )
    return named or known or next(iter(found), "publisher")


@click.command()
@PATHS
@FREE
@CHARSET
@click.option("--json", "as_json", is_flag=True, help="Print findings and warnings as JSON.")
@told
def check(paths: tuple[Path, ...], free: bool, charset: str | None, as_json: bool) -> None:
    """Check files as publication would, and publish nothing.

    Warnings that depend on what is published already come only when publishing.
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
    beside = tuple(made_here(file.path.parent, submission))
    return prepare(replace(submission, companions=beside), formats, int(time()), make)


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
