"""Logs: JSON lines with a request id, and never a query, a header, a body or a credential.

What only informs waits a moment, so that one write takes many lines; a warning or an error is
written at once, after all that came before it.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.core.audit_records import REQUEST

DELAY = 0.05  # seconds that a line may wait
FULL = 500  # lines that may wait
SHOWN = 200  # letters of a path

Noted = tuple[str, str, int, float, str, int]  # what a line about a request says

_log = structlog.get_logger()


class Lines:
    """A file that takes lines in batches. It is a logger, as structlog wants one."""

    def __init__(self, write: Callable[[str], object], *, is_noting: bool = True) -> None:
        self.is_noting = is_noting
        self._write = write
        self._waiting: list[str | Noted] = []

    def add(self, line: str | Noted) -> None:
        """Take a line that may wait."""
        waiting = self._waiting
        waiting.append(line)
        if len(waiting) == 1:
            self._flush_soon()
        elif len(waiting) >= FULL:
            self.flush()

    def at_once(self, line: str) -> None:
        """Take a line that may not wait."""
        self._waiting.append(line)
        self.flush()

    debug = info = add
    warning = error = critical = msg = at_once

    def _flush_soon(self) -> None:
        try:
            asyncio.get_running_loop().call_later(DELAY, self.flush)
        except RuntimeError:  # no loop runs: the command line
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            texts = [line if isinstance(line, str) else line_of(line) for line in waiting]
            self._write("\n".join(texts) + "\n")


_lines = Lines(lambda _: None, is_noting=False)  # until logs are set up


def set_up_logs(level: str) -> None:
    """Send JSON lines to standard error, those of the libraries too."""
    lines = Lines(_to_stderr, is_noting=level in ("debug", "info"))
    atexit.register(lines.flush)
    use(lines)
    structlog.configure(
        processors=[
            with_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Handler()], force=True)


def _to_stderr(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def use(lines: Lines) -> Lines:
    """Send the lines about requests there from now on; return where they went before."""
    global _lines
    before, _lines = _lines, lines
    return before


@contextmanager
def noted(write: Callable[[str], object]) -> Iterator[None]:
    """Hand each line about a request to write, within."""
    before = use(Lines(write))
    try:
        yield
    finally:
        use(before).flush()


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


# --- one line for each request -----------------------------------------------------------------


def begin_request() -> str:
    """Return the id of a request that begins, 16 hexadecimal digits; records take it up too."""
    request = f"{next(_ids):016x}"
    REQUEST.set(request)
    return request


_ids = itertools.count(secrets.randbits(63))  # in order within a process


def with_request(
    _: object, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Return what is logged with the id of the request in which it is."""
    if request := REQUEST.get():
        event.setdefault("request", request)
    return event


def note(method: str, path: str, status: int, started: float, request: str) -> None:
    """Log a request that is answered: method, path, status, milliseconds since started."""
    if _lines.is_noting:
        taken = time.perf_counter() - started
        _lines.add((method, path, status, taken, request, time.time_ns()))


def line_of(noted: Noted) -> str:
    """Return the line about a request; it is set when it is written, many at a time."""
    method, path, status, taken, request, at = noted
    second, rest = divmod(at, 1_000_000_000)
    begin = _beginning if len(path) <= SHOWN else _beginning.__wrapped__
    words = (begin(method, path, status), taken * 1000, request, _second(second), rest // 1000)
    return _LINE % words  # not an f-string, which would take longer


@lru_cache(maxsize=512)
def _beginning(method: str, path: str, status: int) -> str:
    if status >= 400 and status != 402:  # no address of ours holds a secret; a mistaken one may
        path = _SECRET.sub("…", path)
    return _BEGINNING % (quoted(method[:16]), quoted(path[:SHOWN]), status)


# What begins like a token or an API key, or is spelled like a code.
_SECRET = re.compile(r"pg[1k][.-][^/]*|(?<![^/])(?:[0-9A-Za-z]{4}-){3}[0-9A-Za-z]{4}(?![^/])")
_BEGINNING = '{"event": "request", "method": %s, "path": %s, "status": %d'
_LINE = '%s, "ms": %.1f, "request": "%s", "level": "info", "timestamp": "%s.%06dZ"}'


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


class AccessLog:
    """Log one line for each request, and give its id to all that is logged meanwhile."""

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

        request = begin_request()
        try:
            await self._app(scope, receive, send_noted)
        finally:
            note(scope["method"], scope["path"], status, started, request)
