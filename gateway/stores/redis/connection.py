"""Connections to Redis or Valkey without hidden retries: each belongs to one life of the server."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any, TypeVar

from redis.asyncio.connection import Connection, parse_url
from redis.exceptions import NoScriptError, RedisError

from gateway.stores.outages import SILENCE, answered, failed

T = TypeVar("T")


@dataclass(slots=True)
class AuthorityKey:
    """The key at a server, and whether it may be begun there."""

    name: str
    may_begin: bool

    def at(self, run_id: str) -> str:
        """Return the key at one life of the server."""
        return ":".join(filter(None, ("paidgate", run_id, self.name)))


class RedisConnection:
    """One connection to one life of the server; made anew after every failure."""

    def __init__(self, url: str, timeout: float, key: AuthorityKey) -> None:
        self._key = key
        options: dict[str, Any] = dict(parse_url(url))
        self._kind = options.pop("connection_class", Connection)
        self._options = options
        self._patience = timeout
        self._connection: Any = None
        self._run_id = ""
        self._turn = asyncio.Lock()

    async def run_id(self) -> str:
        """Return which life of the server the connection belongs to, made now if need be."""
        async with self._turn:
            if self._connection is None:
                await self._guarded(self._connect())
            return self._run_id

    async def call(self, script: str, *arguments: object) -> Any:
        """Run a script on the one key. Raises Unavailable."""
        async with self._turn:
            return await self._guarded(self._call(script, arguments))

    async def subscribe(self, channel: str) -> None:
        """Begin to hear a channel. Raises Unavailable."""
        async with self._turn:
            await self._guarded(self._ask("SUBSCRIBE", channel))

    async def heard(self) -> bytes:
        """Wait for the next message. Raises Unavailable when the connection ends."""
        try:
            told = await self._connection.read_response(disconnect_on_error=False, timeout=None)
            return bytes(told[2])
        except Exception as error:  # whatever it is, the connection is of no use
            await self.close()
            raise failed("redis", error, SILENCE) from error

    async def close(self) -> None:
        """Drop the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _guarded(self, work: Awaitable[T]) -> T:
        try:
            # Not wait_for: on 3.11 it can lose a cancellation, and with it the end of the process.
            async with asyncio.timeout(self._patience):
                told = await work
        except Exception as error:
            # Whatever it is: what was asked may still happen, and its answer must not be taken for
            # another's.
            await self.close()
            raise failed("redis", error, SILENCE) from error
        except asyncio.CancelledError:
            await self.close()
            raise
        answered("redis")
        return told

    async def _connect(self) -> None:
        connection = self._kind(**self._options, protocol=2, retry=None, socket_timeout=None)
        self._connection = connection
        await connection.connect()
        told = await self._ask("INFO", "server")
        lines = told.decode().splitlines() if isinstance(told, bytes) else str(told).splitlines()
        self._run_id = next((x.partition(":")[2] for x in lines if x.startswith("run_id:")), "")
        if not self._run_id:
            raise RedisError("no run_id")

    async def _call(self, script: str, arguments: Sequence[object]) -> Any:
        if self._connection is None:
            raise ConnectionError("no connection")
        digest = sha1(script.encode(), usedforsecurity=False).hexdigest()
        nonce = secrets.token_hex(8) if self._key.may_begin else ""
        rest = (1, self._key.at(self._run_id), nonce, *arguments)
        try:
            return await self._ask("EVALSHA", digest, *rest)
        except NoScriptError:
            return await self._ask("EVAL", script, *rest)

    async def _ask(self, *command: object) -> Any:
        await self._connection.send_command(*command)
        return await self._connection.read_response(disconnect_on_error=False)
