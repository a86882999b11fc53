"""Guard a door against guessing: an address that failed too often has to wait.

Only failures count, and only those that a guess would have: who knows a code that is used up, or
whose time is over, has not guessed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from gateway.core.errors import BadKey, BadToken
from gateway.ports import Tries

CODES = "unlock"  # the doors: where codes and tokens are shown, and where API keys are
KEYS = "key"
WHOLE = {4: 32, 6: 64}  # bits; who has an IPv6 address has the 2^64 beside it


@asynccontextmanager
async def guarded(tries: Tries, request: Request, door: str) -> AsyncIterator[None]:
    """Count what fails at a door. Raises TooManyTries."""
    who = f"{door} {network(request)}"
    await tries.require(who)
    try:
        yield
    except (BadKey, BadToken):
        await tries.failed(who)
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
