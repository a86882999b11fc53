"""Rights that a publisher gives: make, list, take back; and the devices they were redeemed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.rights import Grant, Standing
from gateway.core.timestamps import timestamp
from gateway.usecases.granting import OUR_SOURCES, Granting, GrantRequest
from gateway.web.api.operations import GIVING, JSON, Operation
from gateway.web.api.responses import (
    asked,
    done,
    following,
    json,
    moment_if,
    own_document,
    page,
    read_json,
    seconds,
)
from gateway.web.api.schemas.grants import (
    DeviceList,
    DeviceView,
    GrantBody,
    GrantList,
    GrantView,
    NewGrant,
    NewLink,
)
from gateway.web.api.schemas.recorded import Recorded
from gateway.web.http.links import Links, unlock_path

PATH = "/api/grants/{grant}"


class GrantsApi:
    """The part of the API that gives rights."""

    def __init__(self, granting: Granting, links: Links) -> None:
        self._granting = granting
        self._links = links

    def operations(self) -> Sequence[Operation]:
        """Return what can be done with grants."""
        revoked = {204: None, 202: {JSON: Recorded}}
        return [
            Operation(
                "GET",
                "/api/grants",
                self.list_grants,
                {200: {JSON: GrantList}},
                query=(
                    *("subject", "document", "scope", "source", "source_ref", "standing"),
                    *("after", "limit"),
                ),
                refuses=(404,),  # a document of another's
            ),
            Operation(
                "POST",
                "/api/grants",
                self.make_grant,
                {201: {JSON: NewGrant}},
                takes={JSON: GrantBody},
                repeatable=True,
                refuses=(404,),
                needs=GIVING,
            ),
            Operation("GET", PATH, self.read_grant, {200: {JSON: GrantView}}),
            Operation("DELETE", PATH, self.revoke_grant, revoked, needs=GIVING),
            Operation(
                "POST",
                f"{PATH}/renew-link",
                self.renew_link,
                {200: {JSON: NewLink}},
                repeatable=True,
                needs=GIVING,
            ),
            Operation("GET", f"{PATH}/devices", self.list_devices, {200: {JSON: DeviceList}}),
            Operation(
                "DELETE", f"{PATH}/devices/{{device}}", self.evict_device, revoked, needs=GIVING
            ),
        ]

    async def list_grants(self, request: Request, publisher: str) -> Response:
        """List grants by id: all, or those that are as the query says."""
        after, limit = page(request)
        asked = request.query_params
        document, standing = asked.get("document"), asked.get("standing")
        found = await self._granting.grants(
            publisher,
            subject=asked.get("subject", ""),
            scope=asked.get("scope", ""),
            covering=own_document(document, publisher) if document else None,
            source=asked.get("source", ""),
            source_ref=asked.get("source_ref", ""),
            standing=Standing(standing) if standing else None,
            after=after,
            limit=limit + 1,
        )
        shown = [GrantView(**_told(grant)) for grant in found[:limit]]
        last = found[limit - 1].id if len(found) > limit else ""
        return json(GrantList(shown, following(request, last)))

    async def make_grant(self, request: Request, publisher: str) -> Response:
        """Put a right on record, and return its token."""
        wish, body = await read_json(request, GrantBody)
        ask = asked(request, body)
        grant = await self._granting.grant(
            publisher, _request(wish), once=ask.key, fingerprint=ask.fingerprint
        )
        token = await self._granting.token(grant)
        told = NewGrant(
            **_told(grant),
            token=token,
            unlock_url=self._links.absolute(request, unlock_path(token)),
            confirmed=await self._granting.confirm(),
        )
        return json(told, 201, {"location": f"/api/grants/{grant.id}"})

    async def read_grant(self, request: Request, publisher: str) -> Response:
        """Tell about one grant."""
        grant = await self._granting.own(publisher, request.path_params["grant"])
        return json(GrantView(**_told(grant)))

    async def revoke_grant(self, request: Request, publisher: str) -> Response:
        """Take a right back, and all that came from it."""
        return done(await self._granting.revoke(publisher, request.path_params["grant"]))

    async def renew_link(self, request: Request, publisher: str) -> Response:
        """Make a new token for a grant; those from before are void."""
        grant = request.path_params["grant"]
        renewed, confirmed = await self._granting.renew(publisher, grant, asked(request))
        token = await self._granting.token(renewed)
        link = self._links.absolute(request, unlock_path(token))
        return json(NewLink(token, link, confirmed))

    async def list_devices(self, request: Request, publisher: str) -> Response:
        """List where a grant was redeemed, in that order."""
        found = await self._granting.devices(publisher, request.path_params["grant"])
        return json(DeviceList([DeviceView(d.reader, timestamp(d.at)) for d in found]))

    async def evict_device(self, request: Request, publisher: str) -> Response:
        """Take a grant out of one device."""
        grant, device = request.path_params["grant"], request.path_params["device"]
        return done(await self._granting.evict(publisher, grant, device))


def _request(wish: GrantBody) -> GrantRequest:
    return GrantRequest(
        wish.scope,
        wish.subject,
        wish.term,
        wish.devices,
        wish.note,
        starts=seconds(wish.starts) or 0,
        parent=wish.parent,
        source=wish.source,
        source_ref=wish.source_ref,
    )


def _told(grant: Grant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "scope": str(grant.scope),
        "subject": grant.subject,
        "note": grant.note,
        "devices": grant.devices,
        "starts": timestamp(grant.starts),
        "expires": moment_if(grant.ends),
        "revoked": moment_if(grant.revoked_at),
        "made": timestamp(grant.made_at),
        "source": grant.source,
        # Of our own sources it is nobody's business: it may name a reader.
        "source_ref": "" if grant.source in OUR_SOURCES else grant.source_ref,
        "parent": grant.parent,
    }
