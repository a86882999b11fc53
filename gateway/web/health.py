"""For operators: does the process live, and do its parts answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.bundles import Damaged
from gateway.core.errors import Unavailable
from gateway.web.http.headers import CACHE_PRIVATE

AMISS = ("down", "full", "damaged", "another", "failing")
BRIDGED = ("redis", "authority")  # without them the ledger is asked: slower, and right
DEADLINE = 2.0  # seconds for each part to answer

Probe = Callable[[], Awaitable[str]]


class Operations:
    """Health. A probe returns its part's state in a word, or raises."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._probes = probes

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        return [Route("/healthz", self.healthz), Route("/readyz", self.readyz)]

    async def healthz(self, _: Request) -> Response:
        """Say that the process lives."""
        return _json({"status": "ok"}, 200)

    async def readyz(self, _: Request) -> Response:
        """Say of each part whether it answers; 503 unless all do that answers rest on."""
        states = {name: await _ask(probe) for name, probe in self._probes.items()}
        is_ready = not any(_is_amiss(*part) for part in states.items())
        return _json(states, 200 if is_ready else 503)


def _is_amiss(name: str, state: str) -> bool:
    return state in AMISS and not (name in BRIDGED and state == "down")


async def _ask(probe: Probe) -> str:
    try:
        with anyio.fail_after(DEADLINE):
            return await probe()
    except Damaged:
        return "damaged"
    except Unavailable as error:
        return error.state
    except Exception:  # whatever a part raises, it does not answer
        return "down"


def _json(told: Mapping[str, str], status: int) -> Response:
    headers = {"content-type": "application/json", "cache-control": CACHE_PRIVATE}
    return Response(json.dumps(told).encode(), status, headers)
