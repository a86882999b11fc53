"""Commands on publishers and their API keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gateway.cli.running import require_confirmed, told, with_services
from gateway.core.api_keys import ApiKey, May
from gateway.core.timestamps import timestamp

if TYPE_CHECKING:
    from gateway.app import Services


@click.group()
def publisher() -> None:
    """Publishers and their API keys."""


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


def _key_line(key: ApiKey) -> str:
    may = ",".join(each for each in May if each in key.may)
    times = (("made", key.made_at), ("used", key.used_at), ("expires", key.expires))
    words = [f"{name} {timestamp(at)}" for name, at in times if at is not None]
    words += [f"ended {timestamp(key.ended_at)}"] if key.ended_at is not None else []
    return "  ".join([key.id, may, *words, *([key.label] if key.label else [])])
