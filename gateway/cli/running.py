"""Running a command: open the services, work, close them, and tell in words what went wrong.

What opens services imports slowly, so commands import it when they need it: the processes that
compose import the command line too, and need none of it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway import settings as configuration
from gateway.cli.refusals import words
from gateway.core.errors import GatewayError
from gateway.settings import BadSettings, Settings

if TYPE_CHECKING:
    from gateway.app import Services
    from gateway.stores.membership import Tell

NOT_CONFIRMED = 2

T = TypeVar("T")
Command = Callable[..., Any]


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


def current_settings() -> Settings:
    """Return what the environment sets. Raises BadSettings."""
    return configuration.load(os.environ)


def with_services(
    work: Callable[[Services], Awaitable[T]],
    *,
    in_process: bool = True,
    serving: Tell | None = None,
    accepting: Tell | None = None,
) -> T:
    """Open the services that the settings describe, work with them, and close them."""
    from gateway.app import open_services, timeout

    async def run() -> T:
        settings = current_settings()
        wait = timeout(settings) if in_process and not serving else 0.0
        services = await open_services(
            settings,
            in_process=in_process,
            serving=serving,
            timeout=wait,
            accepting=accepting,
        )
        try:
            return await work(services)
        finally:
            await services.close()

    return asyncio.run(run())


def require_confirmed(confirmed: bool) -> None:
    """Exit with status 2, in words, where what was done is on record and not confirmed yet."""
    if not confirmed:
        click.echo(
            "paidgate: this is on record, and not confirmed by every worker yet: until then some"
            " may go by what was before. Workers see to it by themselves, when they run and reach"
            " each other.",
            err=True,
        )
        sys.exit(NOT_CONFIRMED)
