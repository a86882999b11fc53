"""Commands on publishers: their API keys, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.running import require_confirmed, told, with_services
from gateway.core.api_keys import ApiKey, May
from gateway.core.audit_records import OPERATOR
from gateway.core.errors import TooLarge
from gateway.core.profiles import MAX_MARK, Profile
from gateway.core.timestamps import timestamp

if TYPE_CHECKING:
    from gateway.app import Services


@click.group()
def publisher() -> None:
    """Publishers, their API keys, and what they say of themselves."""


@publisher.command("add")
@click.argument("name")
@told
def publisher_add(name: str) -> None:
    """Add a publisher, or give one another key; the key is printed this once."""

    async def work(services: Services) -> tuple[str, bool]:
        key = await services.publishers.add(name)
        return key, await services.granting.confirm()

    key, confirmed = with_services(work)
    click.echo(key)
    require_confirmed(confirmed)


@publisher.command("keys")
@click.argument("name")
@click.option("--end", "ended", default="", metavar="KEY", help="End the key with this id.")
@told
def publisher_keys(name: str, ended: str) -> None:
    """Print the API keys of a publisher, or end one; it and its sessions then open nothing."""
    if ended:
        confirmed = with_services(lambda services: services.api_keys.end(name, ended))
        click.echo(f"ended {ended}: {'it opens nothing any more' if confirmed else 'recorded'}.")
        require_confirmed(confirmed)
        return

    async def work(services: Services) -> Sequence[ApiKey]:
        await services.publishers.require(name)
        return await services.api_keys.keys(name)

    for key in with_services(work):
        click.echo(_key_line(key))


@publisher.command("set")
@click.argument("name")
@click.option("--name", "called", metavar="TEXT", help="What readers know it by.")
@click.option("--about", metavar="TEXT", help="Who it is, in a few paragraphs.")
@click.option(
    "--help-at",
    "help_",
    metavar="TEXT",
    help="Where readers ask: https://…, an e-mail address, or a few words.",
)
@click.option("--footer", metavar="TEXT", help="What stands at the foot of every page.")
@click.option("--colour", metavar="COLOUR", help="Of links and signs, as in #1a5fb4.")
@click.option(
    "--colour-dark", metavar="COLOUR", help="On dark paper; else the other one made lighter."
)
@click.option("--mark", type=click.Path(exists=True, dir_okay=False), help="A picture.")
@click.option("--no-mark", is_flag=True, help="Take the mark away.")
@told
def publisher_set(name: str, mark: str | None, *, no_mark: bool, **words: str | None) -> None:
    """Change what a publisher says of itself: only what is named here; "" empties it."""
    given = {_OPTIONS.get(option, option): text for option, text in words.items()}
    said = {field: text for field, text in given.items() if text is not None}
    if not said and not mark and not no_mark:
        raise click.UsageError("Name what is to be said: see --help.")
    picture = _picture(mark) if mark and not no_mark else None

    async def work(services: Services) -> None:
        await services.publishers.require(name)
        await services.profiles.change(name, said, picture, by=OPERATOR, drops_mark=no_mark)

    with_services(work, in_process=mark is None)
    click.echo("recorded: pages say so as soon as a gateway that serves has set them again.")


_OPTIONS = {"called": "name", "help_": "help"}


def _picture(path: str) -> bytes:
    file = Path(path)
    if file.stat().st_size > MAX_MARK:
        raise TooLarge("picture", MAX_MARK)
    return file.read_bytes()


@publisher.command("show")
@click.argument("name")
@told
def publisher_show(name: str) -> None:
    """Print what a publisher says of itself, and whether every page shows it yet."""

    async def work(services: Services) -> tuple[Profile, bool]:
        await services.publishers.require(name)
        return await services.profiles.of(name), await services.profiles.is_shown(name)

    profile, is_shown = with_services(work)
    mark = profile.mark
    told = profile.words
    told["mark"] = f"{mark.media_type}, {mark.width} × {mark.height}" if mark else ""
    told["shown"] = "on every page" if is_shown else "not on every page yet"
    for name, text in told.items():
        for at, line in enumerate(text.split("\n")):
            click.echo(f"{'' if at else f'{name}:':13}{line}".rstrip())


def _key_line(key: ApiKey) -> str:
    may = ",".join(each for each in May if each in key.may)
    times = (("made", key.made_at), ("used", key.used_at), ("expires", key.expires))
    words = [f"{name} {timestamp(at)}" for name, at in times if at is not None]
    words += [f"ended {timestamp(key.ended_at)}"] if key.ended_at is not None else []
    return "  ".join([key.id, may, *words, *([key.label] if key.label else [])])
