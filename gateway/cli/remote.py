"""A gateway elsewhere, over its API. What is said of it is what its answers confirmed."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import anyio
from anyio import to_thread

from gateway.cli.refused_files import RefusedFiles, cache_file
from gateway.cli.targets import Outcome
from gateway.core.companions import origin_of
from gateway.core.documents import Address
from gateway.core.errors import (
    BadKey,
    Conflict,
    GatewayError,
    Malformed,
    Missing,
    Refused,
    Stale,
    Unavailable,
)
from gateway.core.findings import Finding
from gateway.formats.sources import SourceFormats
from gateway.usecases.submissions import Submission

TIMEOUT = 150.0  # seconds for one answer; setting a large document may take a minute
PAGE = 100
DELAYS = (0.5, 1.0, 2.0, 4.0)  # seconds before each further try
LONGEST = 30.0  # seconds that a gateway may ask us to wait
LAST = "~"  # after every slug
REFUSED = (413, 415, 422)  # for what is sent, whenever it is
AWAY = (429, 502, 503, 504)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Reply(NamedTuple):
    """An answer: its status, its headers by names in small letters, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def told(self) -> dict[str, Any]:
        """Return the JSON object in the body, empty where there is none."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}


Headers = Mapping[str, str]
Send = Callable[[str, str, Headers, bytes], Awaitable[Reply]]  # raises OSError, HTTPException
Rest = Callable[[float], Awaitable[None]]


class RemoteTarget:
    """The gateway at a URL, as the publisher whose key it is."""

    def __init__(
        self,
        url: str,
        key: str,
        send: Send | None = None,
        rest: Rest | None = None,
        cache: Path | None = None,
    ) -> None:
        self._url = _origin(url)
        self._refused = RefusedFiles(self._url, cache or cache_file())
        self._key = key
        self._send = send or over_http
        self._rest = rest or anyio.sleep
        self._may_read = True
        self._is_confirmed = True

    async def publisher(self) -> str:
        """Return whose the key is, "" where that cannot be told yet.

        Raises BadKey, Unavailable, and GatewayError for what is no gateway.
        """
        reply, _ = await self._ask("GET", "/api/documents?limit=1")
        if reply.status == 403:  # a key that may publish, and not read
            self._may_read = False
            return ""
        told = self._good(reply)
        if "documents" not in told:
            raise GatewayError(f"{self._url} is no gateway.", hint="Look at the address.")
        documents = told["documents"]
        return str(documents[0]["address"]).partition("/")[0] if documents else ""

    async def unchanged(self, submissions: Sequence[Submission]) -> Mapping[Address, str]:
        """Return the current edition of each document that is published as it is submitted."""
        wanted = {each.address.slug: each for each in submissions}
        found: dict[Address, str] = {}
        after = ""
        for slug in sorted(wanted) if self._may_read else ():
            while after < slug:
                after = max(after, slug[:-1])  # not far below the slug, in the order of slugs
                told = await self._page(after)
                for each in told:
                    known = wanted.get(each["slug"])
                    # One that tells no digest is of an earlier version, and is sent everything.
                    if known and each.get("digest") == self._digest(known):
                        found[known.address] = str(each["edition"])
                after = str(told[-1]["slug"]) if len(told) == PAGE else LAST
        return found

    def _digest(self, submission: Submission) -> str:
        """Return the digest of what is published of a submission: without what was refused."""
        some = tuple(e for e in submission.companions or () if not self._refused.get(e.origin))
        return replace(submission, companions=some).digest("").lstrip(".")

    async def _page(self, after: str) -> list[dict[str, Any]]:
        query = f"&after={after}" if after else ""
        reply, _ = await self._ask("GET", f"/api/documents?limit={PAGE}{query}")
        documents: list[dict[str, Any]] = self._good(reply)["documents"]
        return documents

    async def bring(self, address: Address, name: str, body: bytes, kind: str) -> None:
        """Put what stands beside a document there. Sent again, it changes nothing.

        What was refused once is refused here, and not sent again.
        """
        if known := self._refused.get(origin_of(body)):
            raise GatewayError(known.detail, hint=known.hint)
        path = f"/api/documents/{address.slug}/{kind}/{quote(name)}"
        reply, _ = await self._ask("PUT", path, body, {"content-type": "application/octet-stream"})
        if reply.status in REFUSED and (detail := reply.told().get("detail")):
            self._refused.add(origin_of(body), str(detail), str(reply.told().get("hint", "")))
        self._good(reply)

    async def publish(self, submission: Submission) -> Outcome:
        """Make a submission the current edition. Raises Refused, Unavailable and their like.

        Sent again where its answer is lost: the same source changes nothing.
        """
        free = "?free=true" if submission.free else ""
        media_type = SourceFormats().named(submission.format).media_types[0]
        charset = f"; charset={submission.charset}" if submission.charset else ""
        path = f"/api/documents/{submission.address.slug}{free}"
        headers = {"content-type": media_type + charset}
        reply, tries = await self._ask("PUT", path, submission.body, headers)
        told = self._good(reply)
        warnings = tuple(_finding(each) for each in told["warnings"])
        return self._outcome(told, reply.status == 201 or tries > 1, warnings)

    async def rename(self, address: Address, slug: str, edition: str) -> Outcome:
        """Give a document another slug, if this is its edition still. Raises Stale, Conflict."""
        headers = {"content-type": "application/json", "if-match": f'"{edition}"'}
        headers["idempotency-key"] = secrets.token_hex(16)
        body = json.dumps({"slug": slug}).encode()
        reply, _ = await self._ask("POST", f"/api/documents/{address.slug}/rename", body, headers)
        return self._outcome(self._good(reply))

    async def delete(self, address: Address, edition: str) -> None:
        """Take a document away, if this is its edition still. Raises Stale, Missing."""
        path, headers = f"/api/documents/{address.slug}", {"if-match": f'"{edition}"'}
        reply, tries = await self._ask("DELETE", path, b"", headers)
        if reply.status == 404 and tries > 1:  # by us: the answer to that was lost
            self._is_confirmed = False
            return
        self._good(reply)
        self._is_confirmed &= reply.status == 204

    async def is_confirmed(self) -> bool:
        """Return whether every answer since this was last asked has confirmed what was done."""
        was, self._is_confirmed = self._is_confirmed, True
        return was

    async def tidy(self) -> None:
        """Do nothing: a gateway that serves goes through with its own."""

    def _outcome(
        self, told: Mapping[str, Any], is_new: bool = False, warnings: tuple[Finding, ...] = ()
    ) -> Outcome:
        self._is_confirmed &= told["confirmed"]
        publisher, _, slug = str(told["address"]).partition("/")
        return Outcome(Address.of(publisher, slug), str(told["edition"]), is_new, warnings)

    async def _ask(
        self, method: str, path: str, body: bytes = b"", headers: Headers | None = None
    ) -> tuple[Reply, int]:
        """Return what is answered, and to which try. Raises Unavailable."""
        sent = {"authorization": f"Bearer {self._key}", "accept": "application/json"}
        why = ""
        for tries, delay in enumerate((*DELAYS, 0.0), 1):
            try:
                reply = await self._send(method, self._url + path, sent | dict(headers or {}), body)
            except (OSError, HTTPException) as error:
                why = _words(error)
            else:
                if reply.status not in AWAY:
                    return reply, tries
                why, delay = f"status {reply.status}", max(delay, _asked_for(reply))
            if tries <= len(DELAYS):
                await self._rest(min(delay, LONGEST))
        raise Unavailable(f"gateway at {self._url}", why=why)

    def _good(self, reply: Reply) -> dict[str, Any]:
        """Return what is told. Raises what the answer says."""
        told = reply.told()
        if reply.status < 300:
            return told
        detail, hint = str(told.get("detail", "")), str(told.get("hint", ""))
        if told.get("findings"):
            raise Refused(tuple(_finding(each) for each in told["findings"]))
        if not detail:
            raise GatewayError(
                f"{self._url} answered {reply.status}, and not as a gateway does.",
                hint="Look at the address, and at what stands in front of the gateway.",
            )
        if reply.status == 401:
            raise BadKey
        if reply.status == 404:
            raise Missing("document")
        if reply.status == 412:
            raise Stale(None)
        raise (Conflict if reply.status == 409 else GatewayError)(detail, hint=hint)


def _finding(told: Mapping[str, Any]) -> Finding:
    column = told.get("column")
    return Finding(
        int(told["line"]),
        None if column is None else int(column),
        told["code"],  # perhaps one that only a newer gateway knows
        str(told["message"]),
        str(told["hint"]),
        str(told.get("words", "")),
    )


def _origin(url: str) -> str:
    """Return the address of a gateway, without its last slash. Raises Malformed."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise Malformed(
            "This is not the address of a gateway.",
            where="remote",
            hint="Use https://… without a name, a password or a query.",
        )
    return url.rstrip("/")


def is_open(url: str) -> bool:
    """Return whether what is sent to an address can be read on its way."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


def _asked_for(reply: Reply) -> float:
    """Return for how many seconds a gateway asks us to wait."""
    told = reply.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else 0.0


def _words(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(reason) or type(reason).__name__


# --- over HTTP ---------------------------------------------------------------------------------


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key is for the address that was given, and goes nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


async def over_http(method: str, url: str, headers: Headers, body: bytes) -> Reply:
    """Send a request and return its answer. Raises OSError, HTTPException."""
    return await to_thread.run_sync(_send, method, url, headers, body)


def _send(method: str, url: str, headers: Headers, body: bytes) -> Reply:
    data = body if method != "GET" else None
    request = urllib.request.Request(url, data, dict(headers), method=method)  # noqa: S310  # of _origin
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            return _reply(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return _reply(error.code, error.headers, error.read())


def _reply(status: int, headers: Message, body: bytes) -> Reply:
    return Reply(status, {name.lower(): value for name, value in headers.items()}, body)
