"""The command line.

What opens a house imports slowly, so commands import it when they need it: the processes that
compose import this module too, and need none of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import click

from gateway import settings as configuration
from gateway.core.api_keys import ApiKey, May
from gateway.core.documents import measure
from gateway.core.errors import GatewayError, Malformed, Missing, Refused
from gateway.core.moments import moment
from gateway.core.records import OPERATOR
from gateway.core.rights import Grant
from gateway.core.tokens import KeyState
from gateway.folders import SourceFile, others, publisher_of, source_files
from gateway.formats.sources import SourceFormats
from gateway.granting import MAX_DEVICES, Wish
from gateway.refusals import is_draft, lines, skipped, warned, words
from gateway.settings import BadSettings, Settings
from gateway.shipped import shipped
from gateway.signing import Turned
from gateway.submissions import Prepared, prepare

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.stores.membership import Tell

NOT_CONFIRMED = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells say it

T = TypeVar("T")
Command = Callable[..., Any]


def main() -> None:
    """Run the command line."""
    cli(prog_name="paidgate")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="paidgate")
def cli() -> None:
    """Paidgate: everyone sees the free text, a right unlocks the rest."""


def told(command: Command) -> Command:
    """Tell errors in words, with exit status 1, instead of in a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except BadSettings as error:
            for problem in error.problems:
                click.echo(f"paidgate: {problem}", err=True)
            sys.exit(2)
        except BrokenPipeError:  # nobody reads on; click ends the command in silence
            raise
        except (GatewayError, OSError) as error:
            click.echo(f"paidgate: {words(error)}", err=True)
            sys.exit(1)

    return run


def _settings() -> Settings:
    return configuration.load(os.environ)


def in_house(
    work: Callable[[House], Awaitable[T]],
    *,
    in_process: bool = True,
    serving: Tell | None = None,
    accepting: Tell | None = None,
) -> T:
    """Open the house that the settings describe, work in it, and close it."""
    from gateway.app import open_house, patience

    async def run() -> T:
        settings = _settings()
        wait = patience(settings) if in_process and not serving else 0.0
        house = await open_house(
            settings,
            in_process=in_process,
            serving=serving,
            patience=wait,
            accepting=accepting,
        )
        try:
            return await work(house)
        finally:
            await house.close()

    return asyncio.run(run())


def _require_confirmed(confirmed: bool) -> None:
    """Exit with status 2, in words, where what was done is on record and not confirmed yet."""
    if not confirmed:
        click.echo(
            "paidgate: this is on record, and not confirmed by every worker yet: until then some"
            " may go by what was before. Workers see to it by themselves, when they run and reach"
            " each other.",
            err=True,
        )
        sys.exit(NOT_CONFIRMED)


# --- serving -----------------------------------------------------------------------------------


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option(
    "--demo",
    is_flag=False,
    flag_value=shipped("content"),
    metavar="[FOLDER]",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Publish this folder, or a sample, at the first start, and print where to look.",
)
@told
def serve(host: str, port: int, workers: int, demo: Path | None) -> None:
    """Serve the gateway until SIGTERM."""
    from gateway import server  # the server imports slowly; other commands need none of it
    from gateway.welcome import Welcome, alone, banner, move_in

    settings = _settings()
    # Not refused: whatever runs the gateway may set variables of its own.
    told = configuration.unknown(os.environ)
    for line in told + configuration.readable_secrets(os.environ, settings):
        click.echo(f"paidgate: {line}", err=True)
    try:
        sock = server.listen(host, port)
    except OSError as error:
        click.echo(f"paidgate: cannot listen on {host}:{port}: {error.strerror}.", err=True)
        sys.exit(1)
    origin = settings.base_url or f"http://{_shown(host)}:{port}"

    async def move(house: House) -> tuple[Welcome | None, str]:
        return await move_in(house, demo), house.authority

    with alone(settings.data):
        welcome, authority = in_house(
            move, serving=lambda words: click.echo(f"paidgate: {words}", err=True)
        )
    shown = banner(welcome, origin, authority)
    server.serve(settings, sock, workers, lambda: click.echo(shown))


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104  shown, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


# --- documents ---------------------------------------------------------------------------------

PATHS = click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)


FREE = click.option("--free", is_flag=True, help="Documents may hold no paid section.")
CHARSET = click.option("--charset", help="The charset of all files; else each tells its own.")


@cli.command()
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
    from gateway.bulk import is_confirmed, publish_files, states, watch_files

    for path in others(paths):
        click.echo(f"{path}: skipped: no document", err=True)

    async def work(house: House) -> tuple[int, bool]:
        seen = states(paths)  # before the first run, or it would miss what changes meanwhile
        files = list(source_files(paths, charset))
        refused = await publish_files(house, files, publisher, free=free)
        confirmed = await is_confirmed(house)
        if watch:
            await watch_files(house, paths, publisher, seen, free=free, charset=charset)
        return refused, confirmed

    try:
        refused, confirmed = in_house(work, in_process=False)
    except KeyboardInterrupt:
        click.echo("paidgate: interrupted; the same command again does the rest.", err=True)
        sys.exit(INTERRUPTED)
    if refused:
        sys.exit(1)
    _require_confirmed(confirmed)


@cli.command()
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
    from gateway.web.problems import finding

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


@cli.command()
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


# --- publishers and grants ---------------------------------------------------------------------


@cli.group()
def publisher() -> None:
    """Publishers and their API keys."""


@publisher.command("add")
@click.argument("name")
@told
def publisher_add(name: str) -> None:
    """Add a publisher, or give one another key; the key is printed this once."""

    async def work(house: House) -> tuple[str, bool]:
        key = await house.granting.add_publisher(name)
        return key, await house.granting.confirm()

    key, confirmed = in_house(work)
    click.echo(key)
    _require_confirmed(confirmed)


@publisher.command("keys")
@click.argument("name")
@click.option("--end", "ended", default="", metavar="KEY", help="End the key with this id.")
@told
def publisher_keys(name: str, ended: str) -> None:
    """Print the API keys of a publisher, or end one; it and its sessions then open nothing."""
    if ended:
        confirmed = in_house(lambda house: house.api_keys.end(name, ended))
        click.echo(f"ended {ended}: {'it opens nothing any more' if confirmed else 'recorded'}.")
        _require_confirmed(confirmed)
        return

    async def work(house: House) -> Sequence[ApiKey]:
        await house.granting.require_publisher(name)
        return await house.api_keys.keys(name)

    for key in in_house(work):
        click.echo(_key_line(key))


def _key_line(key: ApiKey) -> str:
    may = ",".join(each for each in May if each in key.may)
    times = (("made", key.made_at), ("used", key.used_at), ("expires", key.expires))
    words = [f"{name} {moment(at)}" for name, at in times if at is not None]
    words += [f"ended {moment(key.ended_at)}"] if key.ended_at is not None else []
    return "  ".join([key.id, may, *words, *([key.label] if key.label else [])])


@cli.command()
@click.argument("publisher")
@click.argument("scope")
@click.option("--subject", default="", help="Your own name for the person.")
@click.option("--term", default="", help="How long, such as 30d; without end when left out.")
@told
def grant(publisher: str, scope: str, subject: str, term: str) -> None:
    """Grant a right, and print its id, token and unlock link."""
    from gateway.web.links import PORT

    async def work(house: House) -> tuple[Grant, str, bool]:
        wish = Wish(scope, subject=subject, term=term, source="command line")
        await house.granting.require_known(publisher, scope)
        made = await house.granting.grant(publisher, wish, by=OPERATOR)
        token = await house.granting.token(made)
        return made, token, await house.granting.confirm()

    made, token, confirmed = in_house(work)
    origin = _settings().base_url
    if not origin:
        origin = f"http://127.0.0.1:{PORT}"
        click.echo("paidgate: set PAIDGATE_BASE_URL, so that links lead to your site.", err=True)
    click.echo(f"grant   {made.id}")
    click.echo(f"token   {token}")
    click.echo(f"unlock  {origin}/unlock?token={quote(token)}")
    _require_confirmed(confirmed)


@cli.command()
@click.argument("grant")
@told
def revoke(grant: str) -> None:
    """Take a grant back; returns when no worker will serve it."""
    confirmed = in_house(lambda house: house.granting.revoke(None, grant))
    click.echo(f"revoked {grant}: {'no worker will serve it' if confirmed else 'recorded'}.")
    _require_confirmed(confirmed)


# --- readers -----------------------------------------------------------------------------------

WHO = click.argument("reader", default="")
OF_GRANT = click.option("--grant", default="", help="Every reader in which this was redeemed.")


@cli.group()
def reader() -> None:
    """Readers: browsers in which something was redeemed."""


@reader.command("show")
@WHO
@OF_GRANT
@told
def reader_show(reader: str, grant: str) -> None:
    """Print all that is on record of a reader."""
    for line in in_house(lambda house: kept_of(house, reader, grant)):
        click.echo(line)


@reader.command("forget")
@WHO
@OF_GRANT
@told
def reader_forget(reader: str, grant: str) -> None:
    """Take a reader off the record: its cookies open nothing any more; the grants stay."""
    forgotten, confirmed = in_house(lambda house: forget(house, reader, grant))
    for each in forgotten:
        click.echo(f"forgotten {each}: {'no worker knows it' if confirmed else 'recorded'}.")
    click.echo(
        "paidgate: the audit keeps the id of what was done, and backups what they hold.", err=True
    )
    _require_confirmed(confirmed)


async def _readers(house: House, reader: str, grant: str) -> list[str]:
    """Return the readers that a command is about. Raises Malformed, Missing."""
    if bool(reader) is bool(grant):
        raise Malformed("It is not clear which.", hint="Name a reader, or --grant and its id.")
    if reader:
        return [reader]
    if await house.ledger.grant(grant) is None:
        raise Missing("grant")
    return [device.reader for device in await house.ledger.devices(grant, MAX_DEVICES)]


async def kept_of(house: House, reader: str, grant: str) -> list[str]:
    """Return what is on record of readers, in lines. Raises Malformed, Missing."""
    lines: list[str] = []
    for each in await _readers(house, reader, grant):
        known = await house.ledger.reader(each)
        if known is None:
            raise Missing("reader")
        lines.append(f"reader {each}: signed out {known.auth_epoch} times")
        for held in known.grants:
            places = await house.ledger.devices(held.id, MAX_DEVICES)
            at = next((moment(place.at) for place in places if place.reader == each), "")
            facts = {"redeemed": at, "subject": held.subject, "note": held.note}
            facts |= {"source": held.source, "source_ref": held.source_ref}
            told = "".join(f"  {name} {text!r}" for name, text in facts.items() if text)
            lines.append(f"  grant {held.id} of {held.scope.publisher} for {held.scope}{told}")
    return lines


async def forget(house: House, reader: str, grant: str) -> tuple[list[str], bool]:
    """Forget readers; return them, and whether every worker knows. Raises Malformed, Missing."""
    readers = await _readers(house, reader, grant)
    for each in readers:
        await house.granting.forget(each)
    return readers, await house.granting.confirm()


# --- signing keys ------------------------------------------------------------------------------


@cli.group()
def keys() -> None:
    """Signing keys of tokens and cookies."""


@keys.command("list")
@told
def keys_list() -> None:
    """Print every key and its state."""
    for kid, state in in_house(lambda house: house.signing.keys()).items():
        click.echo(f"{kid}  {state}")


@keys.command("rotate")
@told
def keys_rotate() -> None:
    """Make a new key, and sign with it as soon as every worker has it."""
    _tell_turned(in_house(lambda house: house.signing.rotate()))


@keys.command("retire")
@click.argument("kid")
@told
def keys_retire(kid: str) -> None:
    """End a key that was rotated away: whatever it has signed is good no more."""
    _tell_turned(in_house(lambda house: house.signing.retire(kid)))


@keys.command("accept-secret")
@told
def keys_accept_secret() -> None:
    """Take the root secret that is set now, in place of one that was changed or lost."""
    from gateway.stores.membership import StillServing

    try:
        in_house(_nothing, accepting=lambda words: click.echo(f"paidgate: {words}", err=True))
    except StillServing as error:
        click.echo(f"paidgate: {words(error)}", err=True)
        sys.exit(NOT_CONFIRMED)
    click.echo("The ledger goes by this secret: what the one before has signed is void.")


async def _nothing(_: House) -> None:
    return


def _tell_turned(turned: Turned) -> None:
    click.echo(f"{turned.kid}  {turned.state}")
    if turned.state is KeyState.PENDING:
        click.echo("paidgate: it signs nothing yet: the same command again goes on.", err=True)
    _require_confirmed(turned.confirmed)


# --- the audit ---------------------------------------------------------------------------------


@cli.group("audit-log")
def audit_log() -> None:
    """The record of what was served and changed."""


@audit_log.command("verify")
@told
def audit_log_verify() -> None:
    """Hold every chain against itself and against the ledger; exit 1 if one is not whole."""
    from gateway.audit_log import verify
    from gateway.stores.chain_files import this_host

    anchors = in_house(lambda house: house.ledger.anchors())
    verified = verify(_settings().audit, anchors, this_host())
    for line in verified.lines():
        click.echo(line)
    sys.exit(0 if verified.is_whole else 1)


@audit_log.command("show")
@click.option("--document", default="", help="Of one document only: publisher/slug.")
@click.option("--grant", default="", help="Of one grant only: its id.")
@click.option("--since", default="", help="From then on: a term such as 30d, or a date.")
@told
def audit_log_show(document: str, grant: str, since: str) -> None:
    """Print what was served and changed, chain after chain; sort the lines for one order."""
    from gateway import audit_log as log

    start = log.since(since, int(time()))
    for record in log.recorded(_settings().audit, document, grant, start):
        click.echo(log.shown(record))


# --- what is stored ----------------------------------------------------------------------------


@cli.command()
@click.option("--repair", is_flag=True, help="Mend what the rest of what is stored determines.")
@told
def verify(repair: bool) -> None:
    """Read back all that is stored, and name what is damaged; exit 1 if something is."""
    from gateway.verifying import verify as look

    found = in_house(lambda house: look(house, click.echo, repair=repair))
    click.echo(found.told())
    sys.exit(1 if found.left else 0)


@cli.command()
@told
def upgrade() -> None:
    """Bring what is stored from earlier versions to this one; the gateway may serve meanwhile."""
    from gateway.upgrading import upgrade as bring_up

    done = in_house(lambda house: bring_up(house, click.echo))
    click.echo(done.told())
    sys.exit(1 if done.left else 0)


# --- measuring ---------------------------------------------------------------------------------


@cli.command()
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


if __name__ == "__main__":
    main()
