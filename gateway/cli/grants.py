"""Commands on rights: grant, revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gateway.cli.running import current_settings, require_confirmed, told, with_services
from gateway.core.audit_records import OPERATOR
from gateway.core.rights import Grant
from gateway.usecases.granting import GrantRequest

if TYPE_CHECKING:
    from gateway.app import Services


@click.command()
@click.argument("publisher")
@click.argument("scope")
@click.option("--subject", default="", help="Your own name for the person.")
@click.option("--term", default="", help="How long, such as 30d; without end when left out.")
@told
def grant(publisher: str, scope: str, subject: str, term: str) -> None:
    """Grant a right, and print its id, token and unlock link."""
    from gateway.web.http.links import PORT, unlock_path

    async def work(services: Services) -> tuple[Grant, str, bool]:
        wish = GrantRequest(scope, subject=subject, term=term, source="command line")
        await services.granting.require_known(publisher, scope)
        made = await services.granting.grant(publisher, wish, by=OPERATOR)
        token = await services.granting.token(made)
        return made, token, await services.granting.confirm()

    made, token, confirmed = with_services(work)
    origin = current_settings().base_url
    if not origin:
        origin = f"http://127.0.0.1:{PORT}"
        click.echo("paidgate: set PAIDGATE_BASE_URL, so that links lead to your site.", err=True)
    click.echo(f"grant   {made.id}")
    click.echo(f"token   {token}")
    click.echo(f"unlock  {origin}{unlock_path(token)}")
    require_confirmed(confirmed)


@click.command()
@click.argument("grant")
@told
def revoke(grant: str) -> None:
    """Take a grant back; returns when no worker will serve it."""
    confirmed = with_services(lambda services: services.granting.revoke(None, grant))
    click.echo(f"revoked {grant}: {'no worker will serve it' if confirmed else 'recorded'}.")
    require_confirmed(confirmed)
