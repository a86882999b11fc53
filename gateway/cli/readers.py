"""Commands on readers: what is kept of them, and forgetting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gateway.cli.running import require_confirmed, told, with_services
from gateway.core.errors import Malformed, Missing
from gateway.core.timestamps import timestamp
from gateway.usecases.granting import MAX_DEVICES

if TYPE_CHECKING:
    from gateway.app import Services

WHO = click.argument("reader", default="")
OF_GRANT = click.option("--grant", default="", help="Every reader in which this was redeemed.")


@click.group()
def reader() -> None:
    """Readers: browsers in which something was redeemed."""


@reader.command("show")
@WHO
@OF_GRANT
@told
def reader_show(reader: str, grant: str) -> None:
    """Print all that is on record of a reader."""
    for line in with_services(lambda services: kept_of(services, reader, grant)):
        click.echo(line)


@reader.command("forget")
@WHO
@OF_GRANT
@told
def reader_forget(reader: str, grant: str) -> None:
    """Take a reader off the record: its cookies open nothing any more; the grants stay."""
    forgotten, confirmed = with_services(lambda services: forget(services, reader, grant))
    for each in forgotten:
        click.echo(f"forgotten {each}: {'no worker knows it' if confirmed else 'recorded'}.")
    click.echo(
        "paidgate: the audit keeps the id of what was done, and backups what they hold.", err=True
    )
    require_confirmed(confirmed)


async def _readers(services: Services, reader: str, grant: str) -> list[str]:
    """Return the readers that a command is about. Raises Malformed, Missing."""
    if bool(reader) is bool(grant):
        raise Malformed("It is not clear which.", hint="Name a reader, or --grant and its id.")
    if reader:
        return [reader]
    if await services.ledger.grant(grant) is None:
        raise Missing("grant")
    return [device.reader for device in await services.ledger.devices(grant, MAX_DEVICES)]


async def kept_of(services: Services, reader: str, grant: str) -> list[str]:
    """Return what is on record of readers, in lines. Raises Malformed, Missing."""
    lines: list[str] = []
    for each in await _readers(services, reader, grant):
        known = await services.ledger.reader(each)
        if known is None:
            raise Missing("reader")
        lines.append(f"reader {each}: signed out {known.auth_epoch} times")
        for held in known.grants:
            places = await services.ledger.devices(held.id, MAX_DEVICES)
            at = next((timestamp(place.at) for place in places if place.reader == each), "")
            facts = {"redeemed": at, "subject": held.subject, "note": held.note}
            facts |= {"source": held.source, "source_ref": held.source_ref}
            told = "".join(f"  {name} {text!r}" for name, text in facts.items() if text)
            lines.append(f"  grant {held.id} of {held.scope.publisher} for {held.scope}{told}")
    return lines


async def forget(services: Services, reader: str, grant: str) -> tuple[list[str], bool]:
    """Forget readers; return them, and whether every worker knows. Raises Malformed, Missing."""
    readers = await _readers(services, reader, grant)
    for each in readers:
        await services.redeeming.forget(each)
    return readers, await services.granting.confirm()
