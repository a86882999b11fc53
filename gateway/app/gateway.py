"""The application as a server runs it."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from gateway.app.background import begin_background
from gateway.app.services import open_services
from gateway.app.web import build
from gateway.settings import Settings
from gateway.stores.membership import log
from gateway.web.http.fast_path import FastPath

YOUNG = 20_000  # new objects until the collector looks at them


class Gateway:
    """The application as a server runs it: it opens its services when it starts."""

    def __init__(self, settings: Settings) -> None:
        self._app = Starlette(lifespan=self._lifespan)
        self._settings = settings
        self.ready = FastPath({}, is_https=settings.is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        services = await open_services(self._settings, serving=log)
        self._app, waiting = build(services), self._app
        self.ready = self._app.state.ready
        # What is there now stays: the collector need not look at it again and again, nor so often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG)
        try:
            begin_background(services)
            yield
        finally:
            self._app = waiting
            await services.close()
