"""The word of a code is told to its publisher once, and then stands nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
import redis
from sqlalchemy import Connection
from starlette.types import ASGIApp

from gateway.app import Services, build, open_services
from gateway.core.codes import normal
from gateway.stores.sql.engines import open_engines
from gateway.stores.sql.tables import metadata
from tests.support.services import settings
from tests.web.caller import Browser, Caller

pytestmark = pytest.mark.anyio

TELLING = 8  # letters in a row of a code: 40 bits, which do not come together by chance


def leaks(words: Iterable[str], told: bytes) -> list[str]:
    """Return the words of which something stands in bytes, however it is written."""
    letters = "".join(c for c in told.decode("latin-1").upper() if c not in "- \\")
    return [word for word in words if any(part in letters for part in parts(normal(word)))]


def parts(letters: str) -> list[str]:
    """Return every row of letters that would tell a code."""
    return [letters[at : at + TELLING] for at in range(len(letters) - TELLING + 1)]


async def recorded(url: str) -> bytes:
    """Return all that a ledger holds."""
    engines = open_engines(url)
    rows = await engines.read(everything)
    await engines.close()
    assert rows
    return "\n".join(rows).encode()


def everything(connection: Connection) -> list[str]:
    """Return every row of every table."""
    return [
        repr(tuple(row))
        for table in metadata.sorted_tables
        for row in connection.execute(table.select())
    ]


def shared(url: str) -> bytes:
    """Return all that a Redis holds."""
    with redis.Redis.from_url(url) as client:
        return b"\n".join(key + b" " + client.dump(key) for key in client.scan_iter())


def kept(folder: Path) -> bytes:
    """Return all that stands in files."""
    return b"\n".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    )


async def use_codes(services: Services, app: ASGIApp) -> tuple[list[str], bytes]:
    """Make codes, redeem them in every way; return their words and all answers but the first."""
    api = Caller(app, await services.publishers.add("demo"))
    wish = {"scope": "all", "count": 4, "uses": 1, "devices": 1, "note": "spring"}
    told = json.dumps(wish).encode()
    answer = await api.send("POST", "/api/codes", told, idempotency_key="k")
    codes = answer.json["codes"]
    words = [code["code"] for code in codes]
    answers = [await Browser(app).unlock(word) for word in (words[0], words[0], words[1].lower())]
    answers += [await Browser(app).unlock(f"{word}X") for word in words[:2]]
    answers += [await api.send("GET", target) for target in ("/api/codes", "/api/grants")]
    answers += [await api.send("GET", f"/api/explain?document=d&token={words[2]}")]
    answers += [await api.send("DELETE", f"/api/codes/{codes[3]['id']}")]
    answers += [await Browser(app).unlock(words[3])]
    assert [each.status for each in answers[:3]] == [303, 409, 303]
    return words, b"\n".join(repr(each.headers).encode() + each.body for each in answers)


async def test_no_word_of_a_code_stands_anywhere(
    ledger_url: str, redis_url: str, tmp_path: Path, logged: list[dict[str, object]]
) -> None:
    given = {"data": str(tmp_path / "data"), "ledger": ledger_url, "redis": redis_url}
    services = await open_services(settings(**given), in_process=True)
    services.coherence.start()
    words, answers = await use_codes(services, build(services))
    places = {
        "answers": answers,
        "log": repr(logged).encode(),
        "redis": shared(redis_url),
        "ledger": await recorded(ledger_url),
        "files": kept(tmp_path),
    }
    await services.close()
    assert all(places.values())
    assert [place for place, told in places.items() if leaks(words, told)] == []


@pytest.mark.parametrize(
    "told",
    [
        "the code ABCD-EFGH-JKMN-PQRS was used",
        "abcdefghjkmnpqrs",
        "b'…EFGHJKMN…'",
        "code=ABCD EFGH JKMN PQRS",
    ],
)
def test_the_scan_finds_a_word_that_was_written_down(told: str) -> None:
    assert leaks(["ABCD-EFGH-JKMN-PQRS"], told.encode()) == ["ABCD-EFGH-JKMN-PQRS"]
