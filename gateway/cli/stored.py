"""Commands on what is stored: verify, upgrade."""

from __future__ import annotations

import sys

import click

from gateway.cli.running import told, with_services


@click.command()
@click.option("--repair", is_flag=True, help="Mend what the rest of what is stored determines.")
@told
def verify(repair: bool) -> None:
    """Read back all that is stored, and name what is damaged; exit 1 if something is."""
    from gateway.cli.verifying import verify as look

    found = with_services(lambda services: look(services, click.echo, repair=repair))
    click.echo(found.told())
    sys.exit(1 if found.left else 0)


@click.command()
@told
def upgrade() -> None:
    """Bring what is stored from earlier versions to this one; the gateway may serve meanwhile."""
    from gateway.cli.upgrading import upgrade as bring_up

    done = with_services(lambda services: bring_up(services, click.echo))
    click.echo(done.told())
    sys.exit(1 if done.left else 0)
