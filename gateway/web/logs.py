"""Logs: JSON lines with a request id, and never a query, a header, a body or a credential."""

from __future__ import annotations

import logging
import secrets
import sys
import time
import traceback
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.core.records import REQUEST

_log = structlog.get_logger()


def set_up_logs(level: str) -> None:
    """Send JSON lines to standard error, those of the libraries too."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = _Handler()
    logging.basicConfig(level=max(logging.WARNING, handler.level), handlers=[handler], force=True)


class _Handler(logging.Handler):
    """Hands a library's record on: of an error its kind and place, for its words may quote."""

    def emit(self, record: logging.LogRecord) -> None:
        facts: dict[str, object] = {"logger": record.name}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            facts["kind"] = type(error).__name__
            frames = traceback.extract_tb(error.__traceback__)[-8:]
            facts["at"] = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
        log = _log.error if record.levelno >= logging.ERROR else _log.warning
        log(str(record.msg).strip()[:200], **facts)


class AccessLog:
    """Log one line for each request: method, path, status, milliseconds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        structlog.contextvars.clear_contextvars()
        request = secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(request=request)
        REQUEST.set(request)
        try:
            await self._app(scope, receive, send_noted)
        finally:
            _log.info(
                "request",
                method=scope["method"][:16],
                path=scope["path"][:200],
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
