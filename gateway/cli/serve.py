"""`paidgate serve`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway import settings as configuration
from gateway.cli.running import current_settings, told, with_services
from gateway.rendering.shipped import shipped

if TYPE_CHECKING:
    from gateway.app import Services


@click.command()
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
    from gateway.cli.welcome import Welcome, alone, banner, move_in
    from gateway.serving import server  # the server imports slowly; other commands need none of it

    settings = current_settings()
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

    async def move(services: Services) -> tuple[Welcome | None, str, bool]:
        welcome = await move_in(services, demo)
        return welcome, services.authority, not await services.ledger.publishers("", 1)

    with alone(settings.data):
        welcome, authority, is_new = with_services(
            move, serving=lambda words: click.echo(f"paidgate: {words}", err=True)
        )
    shown = banner(welcome, origin, authority, is_new=is_new)
    server.serve(settings, sock, workers, lambda: click.echo(shown))


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104  shown, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
