"""Operations of the API: one method at one path. Routes and OpenAPI are made from these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.api_keys import ApiKey, May
from gateway.core.errors import NotAllowed

Work = Callable[[Request, str], Awaitable[Response]]
Door = Callable[[Request], Awaitable[ApiKey]]
Look = Callable[["Operation", QueryParams], None]  # raises for a query that is not known

# A body: of JSON the type, of anything else nothing.
Body = Mapping[str, Any]
JSON = "application/json"
GIVING = frozenset({May.GRANT})


@dataclass(frozen=True, slots=True)
class Operation:
    """What a publisher can ask, and what comes back."""

    method: str
    path: str
    work: Work
    gives: Mapping[int, Body | None]
    takes: Body | None = None
    query: tuple[str, ...] = ()  # parameters it knows; any other is refused
    required: tuple[str, ...] = ()  # of these
    one_of: tuple[str, ...] = ()  # of these, in the query or the body, exactly one is to be named
    conditional: bool = False
    repeatable: bool = False  # honours Idempotency-Key
    is_open: bool = False  # asks for no API key
    refuses: tuple[int, ...] = ()  # statuses besides those that follow from all this
    needs: frozenset[May] | None = None  # None: to read for a GET, to publish for all else

    @property
    def refusals(self) -> list[int]:
        """Return the statuses with which it may be refused."""
        found = {400, 503, *self.refuses}
        found |= set() if self.is_open else {401, 403, 429}
        found |= {404} if "{" in self.path else set()
        found |= {409} if self.repeatable else set()
        found |= {412} if self.conditional else set()
        found |= {413, 415} if self.takes is not None else set()
        return sorted(found)

    @property
    def summary(self) -> str:
        """Return what it does, in a line."""
        return (self.work.__doc__ or "").partition("\n")[0]

    @property
    def name(self) -> str:
        """Return the name that no other operation has."""
        return self.work.__name__


def require_may(key: ApiKey, method: str, needs: frozenset[May] | None) -> None:
    """Raise NotAllowed unless a key may do what a method does; needs as in Operation."""
    if needs is None:
        needs = frozenset({May.READ if method in ("GET", "HEAD") else May.PUBLISH})
    lacking = sorted(needs - key.may)
    if lacking:
        raise NotAllowed(lacking[0])


def routes(operations: Iterable[Operation], door: Door, look: Look) -> list[Route]:
    """Return one route for each path; only publishers come in where it is not open."""
    at: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        at.setdefault(operation.path, {})[operation.method] = operation
    return [_route(path, methods, door, look) for path, methods in at.items()]


def _route(path: str, methods: Mapping[str, Operation], door: Door, look: Look) -> Route:
    async def answer(request: Request) -> Response:
        operation = methods["GET" if request.method == "HEAD" else request.method]
        if operation.is_open:
            look(operation, request.query_params)
            return await operation.work(request, "")
        key = request.state.key = await door(request)
        require_may(key, operation.method, operation.needs)
        look(operation, request.query_params)
        return await operation.work(request, key.publisher)

    # A name may be a path of its own.
    return Route(path.replace("{name}", "{name:path}"), answer, methods=list(methods))
