"""Commands on the signing keys and the root secret."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gateway.cli.refusals import words
from gateway.cli.running import NOT_CONFIRMED, require_confirmed, told, with_services
from gateway.core.tokens import KeyState
from gateway.usecases.signing_keys import Turned

if TYPE_CHECKING:
    from gateway.app import Services


@click.group()
def keys() -> None:
    """Signing keys of tokens and cookies."""


@keys.command("list")
@told
def keys_list() -> None:
    """Print every key and its state."""
    for kid, state in with_services(lambda services: services.signing.keys()).items():
        click.echo(f"{kid}  {state}")


@keys.command("rotate")
@told
def keys_rotate() -> None:
    """Make a new key, and sign with it as soon as every worker has it."""
    _tell_turned(with_services(lambda services: services.signing.rotate()))


@keys.command("retire")
@click.argument("kid")
@told
def keys_retire(kid: str) -> None:
    """End a key that was rotated away: whatever it has signed is void."""
    _tell_turned(with_services(lambda services: services.signing.retire(kid)))


@keys.command("accept-secret")
@told
def keys_accept_secret() -> None:
    """Take the root secret that is set now, in place of one that was changed or lost."""
    from gateway.stores.membership import StillServing

    try:
        with_services(_nothing, accepting=lambda told: click.echo(f"paidgate: {told}", err=True))
    except StillServing as error:
        click.echo(f"paidgate: {words(error)}", err=True)
        sys.exit(NOT_CONFIRMED)
    click.echo("The ledger goes by this secret: what the one before has signed is void.")


async def _nothing(_: Services) -> None:
    return


def _tell_turned(turned: Turned) -> None:
    click.echo(f"{turned.kid}  {turned.state}")
    if turned.state is KeyState.PENDING:
        click.echo("paidgate: it signs nothing yet: the same command again goes on.", err=True)
    require_confirmed(turned.confirmed)
