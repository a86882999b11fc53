"""Publishing at a gateway elsewhere: what is sent, what is said, and what a bad line changes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import Result

from gateway.cli.bulk import Run
from gateway.cli.refused_files import KEPT, RefusedFiles
from gateway.cli.remote import DELAYS, Headers, RemoteTarget, Reply, is_open
from gateway.cli.watching import Watch
from gateway.core.documents import Address
from gateway.core.errors import BadKey, GatewayError, Malformed, Refused, Unavailable
from gateway.usecases.submissions import Submission
from tests.cli.test_command_line import run as run_command
from tests.http.served import Served, serving
from tests.support.asgi import exchange
from tests.support.pictures import png
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

SOUND = "Story {0}\n\nIt begins, {0}, ##paidbegin##goes on,##paidend## and ends.\n"
URL = "https://gateway.example"


@dataclass
class Line:
    """The way to a gateway, on which answers and requests can be lost at chosen points."""

    standing: Standing
    strikes: list[str] = field(default_factory=list)  # of the next changes: lost, refused, a status
    sent: list[tuple[str, str]] = field(default_factory=list)
    rested: list[float] = field(default_factory=list)

    async def send(self, method: str, url: str, headers: Headers, body: bytes) -> Reply:
        target = url.removeprefix(URL)
        self.sent.append((method, target))
        strike = self.strikes.pop(0) if method != "GET" and self.strikes else ""
        if strike == "refused":
            raise ConnectionRefusedError("refused")
        if strike.isdecimal():
            return Reply(int(strike), {"retry-after": "7"}, b"<html>")
        answer = await exchange(self.standing.app, method, target, [*headers.items()], body)
        if strike == "lost":
            raise ConnectionResetError("lost")
        return Reply(answer.status, dict(answer.headers), answer.body)

    async def rest(self, seconds: float) -> None:
        self.rested.append(seconds)

    def changes(self) -> Sequence[str]:
        return [target for method, target in self.sent if method != "GET"]


async def opened(
    publisher: str = "demo", cache: Path = Path(os.devnull)
) -> tuple[Line, RemoteTarget]:
    """Build a gateway elsewhere, and the way to it."""
    line = Line(gateway())
    key = await line.standing.services.publishers.add(publisher)
    return line, RemoteTarget(URL + "/", key, line.send, line.rest, cache)


def write(folder: Path, **words: str) -> Path:
    """Write sources of a publisher, by slug."""
    made = folder / "sources" / "demo"
    made.mkdir(parents=True, exist_ok=True)
    for slug, word in words.items():
        (made / f"{slug}.txt").write_text(SOUND.format(word))
    return made


async def publish(there: RemoteTarget, folder: Path, *, free: bool = False) -> tuple[Watch, Run]:
    """Publish a folder there."""
    watch = Watch(there, [folder], "demo", free=free)
    files = watch.files()
    run = Run(there, "demo", len(files), free=free)
    await run.go(files)
    watch.know(run.known)
    return watch, run


async def titles(line: Line) -> dict[str, str]:
    found = await line.standing.services.publishing.documents("demo", "", 999)
    return {edition.address.slug: edition.title for edition in found}


async def test_a_folder_is_published_and_the_second_run_sends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line, there = await opened()
    folder = write(tmp_path, a="1", b="2", c="3")
    await publish(there, folder)
    assert await titles(line) == {"a": "Story 1", "b": "Story 2", "c": "Story 3"}
    assert await there.is_confirmed()
    line.sent.clear()
    await publish(there, folder)
    assert line.changes() == []
    assert len(line.sent) == 1
    write(tmp_path, b="changed")
    await publish(there, folder)
    assert line.changes() == ["/api/documents/b"]
    told = capsys.readouterr().err
    assert "3 published, 0 unchanged, 0 refused" in told
    assert "0 published, 3 unchanged, 0 refused" in told


async def test_a_picture_that_was_refused_is_not_sent_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache" / "refused.json"
    line, there = await opened(cache=cache)
    folder = write(tmp_path)
    text = "![a](a.png) ![b](b.png)\n\n" + SOUND
    (folder / "story.md").write_text(text.format(1))
    (folder / "a.png").write_bytes(png())
    (folder / "b.png").write_bytes(b"no picture")
    await publish(there, folder)
    sent = "/api/documents/story/pictures/"
    assert {f"{sent}a.png", f"{sent}b.png"} <= {*line.changes()}
    assert f"{folder / 'b.png'}: not shown: " in capsys.readouterr().out
    for _ in range(2):
        line.sent.clear()
        await publish(RemoteTarget(URL, there._key, line.send, cache=cache), folder)
        assert line.changes() == []
    (folder / "story.md").write_text(text.format(2))
    await publish(RemoteTarget(URL, there._key, line.send, cache=cache), folder)
    assert f"{sent}b.png" not in line.changes()
    assert f"{folder / 'b.png'}: not shown: " in capsys.readouterr().out
    (folder / "b.png").write_bytes(png(width=50))
    line.sent.clear()
    await publish(RemoteTarget(URL, there._key, line.send, cache=cache), folder)
    assert f"{sent}b.png" in line.changes()


def test_what_was_refused_is_forgotten_after_a_while_and_at_other_gateways(tmp_path: Path) -> None:
    path = tmp_path / "refused.json"
    RefusedFiles(URL, path).add("digest", "No.", "")
    assert RefusedFiles(URL, path).get("digest")
    assert not RefusedFiles(URL + ":444", path).get("digest")
    told = json.loads(path.read_bytes())
    for each in told.values():
        each["at"] -= KEPT
    path.write_text(json.dumps(told))
    assert not RefusedFiles(URL, path).get("digest")


async def test_very_many_documents_are_compared_in_few_requests(tmp_path: Path) -> None:
    line, there = await opened()
    for number in range(230):
        address = Address("demo", f"d{number:03}")
        body = SOUND.format(number).encode()
        await line.standing.services.publishing.publish(Submission(address, body, "plain"))
    folder = write(tmp_path, **{f"d{number:03}": str(number) for number in range(230)})
    await publish(there, folder)
    assert line.changes() == []
    assert len(line.sent) == 3


async def test_findings_are_told_at_their_place_and_the_others_are_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, there = await opened()
    folder = write(tmp_path, a="1")
    (folder / "b.txt").write_text("Story\n\nIt begins, ##paidbegin##and never ends.\n")
    (folder / "c.txt").write_text("---\ndraft: true\n---\n" + SOUND.format("c"))
    _, run = await publish(there, folder)
    assert dict(run.counted) == {"published": 1, "refused": 1, "skipped": 1, "unchanged": 0}
    told = capsys.readouterr()
    assert told.out.startswith(f"{folder / 'b.txt'}:3:12: unclosed: ")
    assert f"{folder / 'c.txt'}: skipped: a draft" in told.err


@pytest.mark.parametrize("strike", ["lost", "refused", "503", "502", "429"])
async def test_what_is_lost_on_the_way_is_sent_again_and_done_once(
    strike: str, tmp_path: Path
) -> None:
    line, there = await opened()
    folder = write(tmp_path, a="1")
    line.strikes = [strike, strike]
    watch, _ = await publish(there, folder)
    address = Address("demo", "a")
    assert len(await line.standing.services.publishing.editions(address, "", 9)) == 1
    assert len(line.rested) == 2
    assert all(seconds >= 7 for seconds in line.rested if strike.isdecimal())
    line.strikes = [strike]
    (folder / "a.txt").rename(folder / "b.txt")
    await watch.look()
    assert list(await titles(line)) == ["b"]
    assert await line.standing.ledger.moved(address) == "b"
    line.strikes = [strike]
    (folder / "b.txt").unlink()
    await watch.look()
    await watch.look()
    assert await titles(line) == {}


async def test_what_does_not_arrive_is_told_and_another_run_does_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line, there = await opened()
    folder = write(tmp_path, a="1")
    line.strikes = ["refused"] * (len(DELAYS) + 1)
    _, run = await publish(there, folder)
    assert run.counted["refused"] == 1
    assert f"The gateway at {URL} does not answer (refused)" in capsys.readouterr().out
    await publish(there, folder)
    assert list(await titles(line)) == ["a"]


async def test_a_watched_folder_is_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line, there = await opened()
    folder = write(tmp_path, a="1", b="2")
    watch, _ = await publish(there, folder)
    line.strikes = ["refused"] * (len(DELAYS) + 1)
    write(tmp_path, a="changed")
    await watch.look()
    assert (await titles(line))["a"] == "Story 1"
    await watch.look()  # tried again
    assert (await titles(line))["a"] == "Story changed"
    (folder / "a.txt").rename(folder / "c.txt")
    (folder / "b.txt").unlink()
    await watch.look()
    await watch.look()
    assert await titles(line) == {"c": "Story changed"}
    told = capsys.readouterr().err
    assert f"published {folder / 'a.txt'}" in told
    assert "renamed demo/a to demo/c" in told
    assert "deleted demo/b" in told


async def test_what_was_changed_there_meanwhile_is_left(tmp_path: Path) -> None:
    line, there = await opened()
    folder = write(tmp_path, a="1")
    watch, _ = await publish(there, folder)
    newer = Submission(Address("demo", "a"), SOUND.format("newer").encode(), "plain")
    await line.standing.services.publishing.publish(newer)
    (folder / "a.txt").unlink()
    await watch.look()
    await watch.look()
    assert await titles(line) == {"a": "Story newer"}


async def test_it_is_said_whose_a_key_is_and_whether_it_is_one() -> None:
    line, there = await opened()
    assert await there.publisher() == ""
    await line.standing.publish("d", "Title\n\nText\n")
    assert await there.publisher() == "demo"
    with pytest.raises(BadKey):
        await RemoteTarget(URL, "pgk-no", line.send, line.rest).publisher()
    assert line.rested == []


async def test_what_is_no_gateway_is_told_so() -> None:
    async def page(*_: object) -> Reply:
        return Reply(404, {}, b"<html>nothing here</html>")

    async def other(*_: object) -> Reply:
        return Reply(200, {}, b"{}")

    for answers in (page, other):
        with pytest.raises(GatewayError, match="gateway"):
            await RemoteTarget(URL, "k", answers).publisher()


@pytest.mark.parametrize("url", ["gateway.example", "ftp://x", "https://a:b@x", "https://x?y"])
def test_what_is_no_address_of_a_gateway_is_refused(url: str) -> None:
    with pytest.raises(Malformed):
        RemoteTarget(url, "k")


def test_an_open_line_is_told_from_others() -> None:
    assert is_open("http://gateway.example")
    assert not is_open("https://gateway.example")
    assert not is_open("http://127.0.0.1:8000")


async def test_what_no_worker_has_confirmed_is_not_said_to_be() -> None:
    told = b'{"address": "demo/a", "edition": "e", "confirmed": false, "warnings": [], "slug": "a"}'

    async def recorded(method: str, *_: object) -> Reply:
        return Reply(202 if method == "DELETE" else 200, {}, told)

    there, address = RemoteTarget(URL, "k", recorded), Address("demo", "a")
    for act in (
        lambda: there.publish(Submission(address, b"x", "plain")),
        lambda: there.rename(address, "b", "e"),
        lambda: there.delete(address, "e"),
    ):
        await act()
        assert not await there.is_confirmed()
        assert await there.is_confirmed()  # of nothing that was done since


async def test_a_finding_that_only_a_newer_gateway_knows_is_told() -> None:
    async def refuses(*_: object) -> Reply:
        told = b'{"code": "brand-new", "line": 3, "column": null, "message": "m", "hint": "h"}'
        return Reply(422, {}, b'{"detail": "d", "findings": [%b]}' % told)

    with pytest.raises(Refused) as refused:
        await RemoteTarget(URL, "k", refuses).publish(
            Submission(Address("demo", "a"), b"x", "plain")
        )
    assert [f.code for f in refused.value.findings] == ["brand-new"]


async def test_a_gateway_that_is_away_is_waited_for_and_then_named() -> None:
    rested: list[float] = []

    async def away(*_: object) -> Reply:
        return Reply(503, {"retry-after": "9999"}, b"")

    async def rest(seconds: float) -> None:
        rested.append(seconds)

    with pytest.raises(Unavailable, match="status 503"):
        await RemoteTarget(URL, "k", away, rest).publisher()
    assert rested == [30.0] * len(DELAYS)


# --- the command -------------------------------------------------------------------------------


def test_the_command_needs_a_key_and_files_of_one_publisher(tmp_path: Path) -> None:
    folder = write(tmp_path, a="1")
    other = folder.parent / "other"
    other.mkdir()
    (other / "b.txt").write_text(SOUND)
    told = run_command(tmp_path, "publish", "--remote", URL, folder)
    assert told.exit_code == 1
    assert "PAIDGATE_KEY" in told.stderr
    told = run_command(tmp_path, "publish", "--remote", "x", folder, PAIDGATE_KEY="k")
    assert told.exit_code == 1
    assert "This is not the address of a gateway." in told.stderr


def test_a_folder_is_published_at_a_gateway_that_runs(tmp_path: Path) -> None:
    folder = write(tmp_path, a="1", b="2")
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "c.txt").write_text(SOUND)
    with serving(tmp_path) as (served,):
        both = remote(served, tmp_path, folder.parent)
        assert both.exit_code == 1
        assert "2 publishers (demo, other)" in both.stderr
        first = remote(served, tmp_path, folder)
        assert (first.exit_code, first.stdout) == (0, ""), first.stderr
        assert "2 published, 0 unchanged, 0 refused" in first.stderr
        again = remote(served, tmp_path, folder)
        assert "0 published, 2 unchanged, 0 refused" in again.stderr
        assert served.ask("GET", "/documents/demo/a").status == 200
        wrong = run_command(
            tmp_path, "publish", "--remote", f"http://127.0.0.1:{served.port}", folder,
            PAIDGATE_KEY="pgk-wrong",
        )  # fmt: skip
        assert wrong.exit_code == 1
        assert "The API key is missing or not valid." in wrong.stderr


def remote(served: Served, tmp_path: Path, folder: Path) -> Result:
    url = f"http://127.0.0.1:{served.port}"
    return run_command(tmp_path, "publish", "--remote", url, folder, PAIDGATE_KEY=served.key)


async def test_the_key_follows_no_redirect() -> None:
    asked: list[tuple[str, str]] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["authorization"]))
            self.send_response(302)
            self.send_header("location", "/stolen")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(GatewayError, match="302"):
            await RemoteTarget(f"http://127.0.0.1:{server.server_port}", "pgk-x").publisher()
    finally:
        server.shutdown()
        server.server_close()
    assert asked == [("/api/documents?limit=1", "Bearer pgk-x")]
