"""The parts of docs/ that are made from the code: `.venv/bin/python -m tools.reference`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, fields
from pathlib import Path

import click

from gateway.__main__ import cli
from gateway.settings import PREFIX, Settings
from tools import graph
from tools.venv import ROOT

DOCS = ROOT / "docs"
NAME = "paidgate"
COLUMNS = 88  # of the help of a command

SETTINGS = f"""# Settings

Settings come from the environment, or from a TOML file named by `{PREFIX}CONFIG`, which uses the
same names in lower case without the prefix; the environment wins. Everything that is wrong is
reported at once, and the gateway does not start. `paidgate serve` also warns about every
`{PREFIX}` variable that is not a setting (except those that Kubernetes sets), and about a file
with the root secret that anyone but its owner can read.

| setting | default | meaning |
|---|---|---|
"""

COMMANDS = """# Commands

`paidgate` uses the [settings](settings.md) of the gateway, `PAIDGATE_DATA` first. Exit status 0
means done. 1 means that something was wrong, and the output says what. 2 means that settings or
arguments were wrong, or that a change is on record but not yet confirmed by every worker
([health](operations.md#health)). An interrupted `publish` exits with 130.
"""


def settings() -> str:
    """Return the page of settings."""
    return SETTINGS + "".join(map(_setting, fields(Settings)))


def _setting(each: Field[object]) -> str:
    default = each.metadata["shown"] or f"`{_value(each.default)}`"
    return f"| `{PREFIX}{each.name.upper()}` | {default} | {each.metadata['meaning']} |\n"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, int) and value and not value % (1 << 20):
        return f"{value >> 20}MiB"
    return str(value)


def commands() -> str:
    """Return the page of commands, each with what --help prints."""
    return COMMANDS + "".join(
        f"\n## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
        for command, context in _leaves(
            cli, click.Context(cli, info_name=NAME, **cli.context_settings)
        )
    )


def _leaves(
    command: click.Command, context: click.Context
) -> Iterator[tuple[click.Command, click.Context]]:
    if not isinstance(command, click.Group):
        context.terminal_width = context.max_content_width = COLUMNS
        yield command, context
        return
    for name, each in command.commands.items():
        yield from _leaves(each, click.Context(each, parent=context, info_name=name))


def layers() -> str:
    """Return the picture of the layers."""
    return graph.picture(graph.read())


MADE: Mapping[Path, Callable[[], str]] = {
    DOCS / "settings.md": settings,
    DOCS / "commands.md": commands,
    DOCS / "images" / "layers.svg": layers,
}


def main() -> None:
    """Write them all anew."""
    for path, make in MADE.items():
        path.write_text(make())
        print(path.relative_to(ROOT))
    print(graph.read())


if __name__ == "__main__":
    main()
