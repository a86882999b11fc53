"""Guard a door against guessing: proof comes first, and only what opens nothing is counted.

Whoever is right comes in, whatever others at the same address do. Only failures count, and only
those that a guess would have: who knows a code that is used up, or whose time is over, has not
guessed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from gateway.core.codes import normal
from gateway.core.errors import BadKey, BadToken
from gateway.ports import FailedAttempts

CODES = "unlock"  # the doors: where codes and tokens are shown, and where API keys are
KEYS = "key"
PREFIX = 4  # letters of a code, 20 of its 80 bits: guesses near one code, wherever they come from
WHOLE = {4: 32, 6: 64}  # bits; who has an IPv6 address has the 2^64 beside it


@asynccontextmanager
async def rate_limited(
    attempts: FailedAttempts, request: Request, bucket: str, word: str = ""
) -> AsyncIterator[None]:
    """Count what fails at a door, by its address and by how a code begins.

    Raises TooManyTries in place of a failure that is one too many.
    """
    try:
        yield
    except (BadKey, BadToken):
        start = normal(word)[:PREFIX]
        await attempts.failed(
            f"{bucket} {network(request)}", *([f"{bucket} {start}"] if start else [])
        )
        raise


def network(request: Request) -> str:
    """Return what one client can send from, as the server saw it; "" where it cannot tell."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, WHOLE[address.version]), strict=False))
