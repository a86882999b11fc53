"""Rights: make an unlock link, see who was given one, take it back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.codes import Code, State
from gateway.core.documents import is_name
from gateway.core.errors import GatewayError, Malformed
from gateway.core.rights import PLACES, Grant, ScopeKind, Standing
from gateway.core.timestamps import timestamp
from gateway.ports import Edition
from gateway.usecases.codes import Codes
from gateway.usecases.granting import Granting, GrantRequest
from gateway.usecases.publishing import Publishing
from gateway.web.api.operations import GIVING
from gateway.web.http.links import Links, unlock_path
from gateway.web.studio.desk import HOME, StudioPages, done_at, mark, own_address, read_fields
from gateway.web.studio.sessions import Session

TERMS = ("7d", "30d", "1y", "")
LISTED = 50
DEFAULTS = {
    "subject": "",
    "term": "30d",
    "devices": str(PLACES),
    "scope": ScopeKind.DOCUMENT,
    "count": "10",
    "uses": "1",
}


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code as a line of a list."""

    code: Code
    state: State

    @property
    def left(self) -> int:
        return self.code.max_uses - self.code.uses

    @property
    def made(self) -> str:
        return timestamp(self.code.made_at)


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant as a line of a list."""

    grant: Grant
    standing: Standing

    @property
    def made(self) -> str:
        return timestamp(self.grant.made_at)

    @property
    def ends(self) -> str:
        return "" if self.grant.ends is None else timestamp(self.grant.ends)


class GrantPages:
    """The pages of rights: to one document, and all that a publisher has given."""

    def __init__(
        self,
        desk: StudioPages,
        publishing: Publishing,
        granting: Granting,
        codes: Codes,
        links: Links,
    ) -> None:
        self._desk = desk
        self._publishing = publishing
        self._granting = granting
        self._codes = codes
        self._links = links

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        route = self._desk.route
        return [
            route("/rights", self.rights, "GET", "POST", needs=GIVING),
            route("/documents/{slug}/rights", self.rights, "GET", "POST", needs=GIVING),
            route("/grants/{grant}/revoke", self.revoke, "POST", needs=GIVING),
        ]

    async def rights(self, request: Request, session: Session) -> Response:
        """Show the rights to a document, or all rights; make one."""
        edition = await self.edition(request, session)
        if request.method != "POST":
            return await self.page(request, session, edition)
        fields = await read_fields(request, session)
        try:
            wish = _request(fields, edition)
            grant = await self._granting.grant(session.publisher, wish, once=once_of(fields))
        except Malformed as error:
            return await self.page(request, session, edition, error, fields=fields)
        path = unlock_path(await self._granting.token(grant))
        link = self._links.absolute(request, path)
        confirmed = await self._granting.confirm()
        return await self.page(request, session, edition, link=link, confirmed=confirmed)

    async def edition(self, request: Request, session: Session) -> Edition | None:
        """Return the document whose rights a page is about, None for all. Raises Missing."""
        if "slug" not in request.path_params:
            return None
        return await self._publishing.current(own_address(request, session))

    async def page(
        self,
        request: Request,
        session: Session,
        edition: Edition | None,
        error: GatewayError | None = None,
        *,
        fields: Mapping[str, str] | None = None,
        link: str = "",
        confirmed: bool = True,
    ) -> Response:
        """Return the page of rights to a document, or of all rights."""
        scope = scope_of(edition) if edition else ""
        after = mark(request, "after")
        found = await self._granting.grants(
            session.publisher, scope=scope, after=after, limit=LISTED + 1
        )
        rows = [GrantRow(grant, self._granting.standing(grant)) for grant in found[:LISTED]]
        codes_after = mark(request, "codes")
        codes = await self._codes.codes(
            session.publisher, scope=scope, after=codes_after, limit=LISTED + 1
        )
        return self._desk.page(
            request,
            session,
            "rights.html",
            error,
            confirmed=confirmed,
            edition=edition,
            rows=rows,
            after=after,
            following=rows[-1].grant.id if len(found) > LISTED else "",
            codes=[CodeRow(code, self._codes.state(code)) for code in codes[:LISTED]],
            codes_after=codes_after,
            codes_following=codes[LISTED - 1].id if len(codes) > LISTED else "",
            fields=DEFAULTS | dict(fields or {}),
            once=secrets.token_hex(16),
            terms=TERMS,
            link=link,
        )

    async def revoke(self, request: Request, session: Session) -> Response:
        """Take a right back, and say so when no worker serves it any more."""
        fields = await read_fields(request, session)
        confirmed = await self._granting.revoke(session.publisher, request.path_params["grant"])
        return done_at(place_of(fields), "revoked", confirmed=confirmed)


def _request(fields: Mapping[str, str], edition: Edition | None) -> GrantRequest:
    return GrantRequest(
        scope=chosen_scope(fields, edition),
        subject=fields.get("subject", "").strip(),
        term=fields.get("term", ""),
        devices=number(fields, "devices"),
    )


# --- what the forms of rights and of codes share ---


def number(fields: Mapping[str, str], name: str) -> int:
    """Return a number that was typed. Raises Malformed."""
    text = fields.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Malformed(f"This is not a number of {name}.", where=name)
    return int(text)


def chosen_scope(fields: Mapping[str, str], edition: Edition | None) -> str:
    """Return the scope that was chosen on the page of a document, or of all."""
    chosen = fields.get("scope")
    if edition is None or chosen == ScopeKind.ALL:
        return ScopeKind.ALL
    if chosen == ScopeKind.COLLECTION and edition.collection:
        return f"{ScopeKind.COLLECTION}:{edition.collection}"
    return scope_of(edition)


def scope_of(edition: Edition) -> str:
    """Return the scope of one document."""
    return f"{ScopeKind.DOCUMENT}:{edition.address.slug}"


def place_of(fields: Mapping[str, str]) -> str:
    """Return the page of rights that a form was on."""
    slug = fields.get("slug", "")
    return f"{HOME}/documents/{slug}/rights" if is_name(slug) else f"{HOME}/rights"


def once_of(fields: Mapping[str, str]) -> str:
    """Return a key that is the same for the same form sent twice, and only then."""
    told = "\n".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "as")
    return "studio-" + hashlib.sha256(told.encode()).hexdigest()
