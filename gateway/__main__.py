"""The program: the command line, and the bench that measures it."""

import sys

try:
    from gateway.bench.command import bench
    from gateway.cli.commands import cli
except KeyboardInterrupt:  # that takes long enough for somebody to think again
    sys.exit(130)

__all__ = ["cli", "main"]

cli.add_command(bench)


def main() -> None:
    """Run the command line."""
    cli(prog_name="paidgate")


if __name__ == "__main__":
    main()
