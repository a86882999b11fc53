"""A gateway that is told to stop finishes what it has begun, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.memories import embedded_in
from tests.faults.processes import children_of, is_alive, living_in
from tests.http.served import PAID, TIMEOUT, Served, serving
from tests.support.servers import comes_true

# So long that it does not fit into the buffers of a socket, and of few lines: soon set.
LONG = "Report\n\nFree.##paidbegin##\n\nOnly for those who may.\n##paidend##\n\n" + "word " * (
    2 << 20
)


@contextmanager
def reading(gateway: Served, token: str) -> Iterator[socket.socket]:
    """Begin to read a long document, and take no more than its head."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=TIMEOUT) as reader:
        head = f"GET /read/demo/report.txt HTTP/1.1\r\nhost: 127.0.0.1:{gateway.port}\r\n"
        reader.sendall(f"{head}authorization: Bearer {token}\r\n\r\n".encode())
        assert reader.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
        yield reader


def rest(reader: socket.socket) -> bytes:
    parts = []
    try:
        while part := reader.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def family(gateway: Served, data: Path) -> frozenset[int]:
    """Return every process of a gateway, and the server that it keeps."""
    return children_of(gateway.process.pid) | living_in(embedded_in(data).socket.parent)


# A terminal interrupts every process of its group, whoever supervises tells only the first.
@pytest.mark.parametrize(
    ("stop", "number"),
    [
        (os.kill, signal.SIGTERM),
        pytest.param(os.killpg, signal.SIGINT, marks=pytest.mark.long),
    ],
)
def test_a_stop_drains_what_is_read_and_ends_every_process(
    stop: Callable[[int, int], None], number: int, tmp_path: Path
) -> None:
    with serving(tmp_path) as (gateway,):
        assert gateway.publish("report", LONG).status == 200
        _, token = gateway.grant()
        processes = family(gateway, tmp_path / "data")
        assert len(processes) > 3
        with reading(gateway, token) as slow, reading(gateway, token) as never:
            stop(gateway.process.pid, number)
            got = rest(slow)
            assert PAID in got
            assert len(got) > len(LONG) // 2
            assert gateway.process.wait(TIMEOUT) == 0
            assert never.fileno() > 0
        assert comes_true(lambda: not any(map(is_alive, processes)), TIMEOUT)
        assert not living_in(embedded_in(tmp_path / "data").socket.parent)


def test_a_gateway_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    with serving(tmp_path) as (gateway,):
        gateway.grant()
        processes = family(gateway, tmp_path / "data")
        gateway.kill()
        assert comes_true(lambda: not any(map(is_alive, processes)), TIMEOUT)
