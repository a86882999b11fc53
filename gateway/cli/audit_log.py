"""Commands on the audit."""

from __future__ import annotations

import sys
from time import time

import click

from gateway.cli.running import current_settings, told, with_services


@click.group("audit-log")
def audit_log() -> None:
    """The record of what was served and changed."""


@audit_log.command("verify")
@told
def audit_log_verify() -> None:
    """Check every chain in itself and against the ledger; exit 1 if one is not whole."""
    from gateway.ops.audit_log import verify
    from gateway.stores.files.chains import this_host

    anchors = with_services(lambda services: services.ledger.anchors())
    verified = verify(current_settings().audit, anchors, this_host())
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
    from gateway.ops import audit_log as log

    start = log.since(since, int(time()))
    for record in log.recorded(current_settings().audit, document, grant, start):
        click.echo(log.shown(record))
