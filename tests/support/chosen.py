"""What the gateways of this run stand on, as `--parts` says."""

from __future__ import annotations

CHOICES = ("memory", "sqlite", "embedded", "postgres")


class Chosen:
    """The parts of this run."""

    kind = "memory"
