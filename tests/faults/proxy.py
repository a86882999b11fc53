"""A way to a server that can fail without a word."""

from __future__ import annotations

import asyncio


class Proxy:
    """TCP to the server. While it is not open, bytes go in and nothing comes out."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listening: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.delay = 0.0  # seconds that every byte takes
        self.port = 0

    async def start(self) -> None:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, to_there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        for source, sink in ((reader, to_there), (there, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                await asyncio.sleep(self.delay)
                await self.open.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass  # one side is gone; the other hears of it
        finally:
            sink.transport.abort()

    async def stop(self) -> None:
        if self._listening:
            self._listening.close()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        await asyncio.sleep(0)  # transports close at the next turn of the loop
