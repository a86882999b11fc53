"""What is told of a change that is not confirmed yet."""

from __future__ import annotations

from msgspec import Struct


class Recorded(Struct):
    """What was done is on record, and some worker may not know of it yet."""

    status: str
    detail: str
