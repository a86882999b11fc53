"""How many examples a property is tried on: the same ones each time, and more of them on demand."""

from __future__ import annotations

import os

from hypothesis import settings

# PAIDGATE_EXAMPLES=10 tries ten times as many.
FACTOR = int(os.environ.get("PAIDGATE_EXAMPLES", "1"))


def examples(number: int) -> settings:
    """Return the settings of a property that so many examples have to hold."""
    return settings(derandomize=True, deadline=None, database=None, max_examples=number * FACTOR)
