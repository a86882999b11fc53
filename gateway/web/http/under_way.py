"""Long answers under way: so many to one holder at a time, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from weakref import WeakValueDictionary

from anyio import Lock
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.core.errors import TooMuchAtOnce
from gateway.web.http.sending import in_chunks

MOST = 8  # to one grant, reader or publisher, from one worker
AGAIN = 5  # seconds to wait before another try

Work = Callable[[], Awaitable[Response]]


class UnderWay:
    """Counts long answers from when they are begun to when they are sent, by holder."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    @contextmanager
    def to(self, holder: str) -> Iterator[None]:
        """Count one. Raises TooMuchAtOnce."""
        if self._counts[holder] >= MOST:
            raise TooMuchAtOnce(MOST, AGAIN)
        self._counts[holder] += 1
        try:
            yield
        finally:
            self._counts[holder] -= 1
            if not self._counts[holder]:
                del self._counts[holder]

    def answer(self, holder: str, work: Work, *, in_turn: bool = False) -> Response:
        """Answer with what comes of work, which is done and sent as one that is under way.

        in_turn: work that is much is done one after another for a holder.
        """
        return _Counted(self, holder, partial(self._in_turn, holder, work) if in_turn else work)

    async def _in_turn(self, holder: str, work: Work) -> Response:
        turn = self._turns.get(holder)
        if turn is None:
            turn = self._turns[holder] = Lock()
        async with turn:
            return await work()


class _Counted(Response):
    def __init__(self, under_way: UnderWay, holder: str, work: Work) -> None:
        super().__init__()
        self._under_way = under_way
        self._holder = holder
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._under_way.to(self._holder):
            response = await self._work()
            await response(scope, receive, in_chunks(send))
