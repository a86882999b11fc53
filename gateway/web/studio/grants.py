"""Rights: make an unlock link, see who was given one, take it back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.documents import is_name
from gateway.core.errors import GatewayError, Malformed
from gateway.core.rights import Grant, Kind, Standing
from gateway.granting import Granting, Wish
from gateway.ports import Edition
from gateway.publishing import Publishing
from gateway.web.links import Links
from gateway.web.studio.desk import HOME, Desk, mark, own_address, read_fields, see_other
from gateway.web.studio.sessions import Session

TERMS = ("7d", "30d", "1y", "")
LISTED = 50
DEFAULTS = {"subject": "", "term": "30d", "devices": "5", "scope": Kind.DOCUMENT}


@dataclass(frozen=True, slots=True)
class Row:
    """A grant as a line of a list."""

    grant: Grant
    standing: Standing

    @property
    def made(self) -> str:
        return _time(self.grant.made_at)

    @property
    def ends(self) -> str:
        return "" if self.grant.ends is None else _time(self.grant.ends)


class Grants:
    """The pages of rights: to one document, and all that a publisher has given."""

    def __init__(
        self, desk: Desk, publishing: Publishing, granting: Granting, links: Links
    ) -> None:
        self._desk = desk
        self._publishing = publishing
        self._granting = granting
        self._links = links

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        route = self._desk.route
        return [
            route("/rights", self.rights, "GET", "POST"),
            route("/documents/{slug}/rights", self.rights, "GET", "POST"),
            route("/grants/{grant}/revoke", self.revoke, "POST"),
        ]

    async def rights(self, request: Request, session: Session) -> Response:
        """Show the rights to a document, or all rights; make one."""
        edition = None
        if "slug" in request.path_params:
            edition = await self._publishing.current(own_address(request, session))
        if request.method != "POST":
            return await self._page(request, session, edition)
        fields = await read_fields(request, session)
        try:
            wish = _wish(fields, edition)
            grant = await self._granting.grant(session.publisher, wish, once=_once(fields))
        except Malformed as error:
            return await self._page(request, session, edition, error, fields=fields)
        path = f"/unlock?token={quote(await self._granting.token(grant))}"
        link = self._links.absolute(request, path)
        return await self._page(request, session, edition, link=link)

    async def _page(
        self,
        request: Request,
        session: Session,
        edition: Edition | None,
        error: GatewayError | None = None,
        *,
        fields: Mapping[str, str] | None = None,
        link: str = "",
    ) -> Response:
        scope = _scope(edition) if edition else ""
        after = mark(request, "after")
        found = await self._granting.grants(
            session.publisher, scope=scope, after=after, limit=LISTED + 1
        )
        rows = [Row(grant, self._granting.standing(grant)) for grant in found[:LISTED]]
        return self._desk.page(
            request,
            session,
            "rights.html",
            error,
            edition=edition,
            rows=rows,
            after=after,
            following=rows[-1].grant.id if len(found) > LISTED else "",
            fields=DEFAULTS | dict(fields or {}),
            once=secrets.token_hex(16),
            terms=TERMS,
            link=link,
        )

    async def revoke(self, request: Request, session: Session) -> Response:
        """Take a right back; when the next page comes no worker serves it any more."""
        fields = await read_fields(request, session)
        await self._granting.revoke(session.publisher, request.path_params["grant"])
        slug = fields.get("slug", "")
        place = f"/documents/{slug}" if is_name(slug) else ""
        return see_other(f"{HOME}{place}/rights?done=revoked")


def _wish(fields: Mapping[str, str], edition: Edition | None) -> Wish:
    devices = fields.get("devices", "")
    if not (devices.isascii() and devices.isdecimal() and len(devices) < 10):
        raise Malformed("This is not a number of devices.", where="devices")
    return Wish(
        scope=_scope(edition) if edition and fields.get("scope") != Kind.ALL else Kind.ALL,
        subject=fields.get("subject", "").strip(),
        term=fields.get("term", ""),
        devices=int(devices),
    )


def _scope(edition: Edition) -> str:
    return f"{Kind.DOCUMENT}:{edition.address.slug}"


def _once(fields: Mapping[str, str]) -> str:
    """Return a key that is the same for the same form sent twice, and only then."""
    told = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    return "studio-" + hashlib.sha256(told.encode()).hexdigest()


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
