"""Every command, in its group."""

from __future__ import annotations

import click

from gateway.cli.audit_log import audit_log
from gateway.cli.documents import check, publish, split
from gateway.cli.grants import grant, revoke
from gateway.cli.keys import keys
from gateway.cli.publishers import publisher
from gateway.cli.readers import reader
from gateway.cli.serve import serve
from gateway.cli.stored import upgrade, verify


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="paidgate")
def cli() -> None:
    """Paidgate: everyone sees the free text, a right unlocks the rest."""


for command in (
    *(serve, publish, check, split, publisher, grant, revoke, reader, keys),
    *(audit_log, verify, upgrade),
):
    cli.add_command(command)
