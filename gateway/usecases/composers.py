"""Composers: by what submissions become editions, in this process or in another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.core.findings import Finding
from gateway.core.newly_public import newly_public
from gateway.usecases.composing import Composed, Prepared, Task
from gateway.usecases.consequences import Compare, Version
from gateway.usecases.submissions import Submission

Compose = Callable[[Task], Awaitable[Composed]]
Prepare = Callable[[Submission, int], Awaitable[Prepared]]  # and now


async def _compare(_: str, before: Version, after: Version) -> tuple[Finding, ...]:
    return newly_public(before[0].decode(), after[0].decode())


@dataclass(frozen=True, slots=True)
class Composer:
    """What prepares, composes and compares. stamp: of all that sets the text."""

    compose: Compose
    prepare: Prepare
    stamp: str = ""
    compare: Compare = _compare
