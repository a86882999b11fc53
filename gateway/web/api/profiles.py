"""What a publisher says of itself: read it, say something else; its mark besides."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Missing
from gateway.core.profiles import MARK_TYPES, MAX_MARK, Profile
from gateway.rendering.representations import MARK
from gateway.usecases.profiles import Profiles
from gateway.web.api.operations import JSON, Body, Operation
from gateway.web.api.responses import json, read_json
from gateway.web.api.schemas.profiles import MarkView, ProfileBody, ProfileView
from gateway.web.http.headers import CACHE_PRIVATE
from gateway.web.http.links import Links
from gateway.web.http.requests import condition, read_body

PATH = "/api/publisher"
_VIEW: Body = {JSON: ProfileView}
_PICTURES = (*MARK_TYPES, "application/octet-stream")  # the content tells the type


class ProfilesApi:
    """The part of the API by which a publisher says who it is."""

    def __init__(self, profiles: Profiles, links: Links) -> None:
        self._profiles = profiles
        self._links = links

    def operations(self) -> Sequence[Operation]:
        """Return what can be done with what a publisher says of itself."""
        body, picture = {JSON: ProfileBody}, dict.fromkeys(_PICTURES)
        at, mark = PATH, f"{PATH}/mark"
        return [
            Operation("GET", at, self.read_profile, {200: _VIEW}),
            Operation("PUT", at, self.put_profile, {200: _VIEW}, body, conditional=True),
            Operation("PUT", mark, self.put_mark, {200: _VIEW}, picture, refuses=(422,)),
            Operation("DELETE", mark, self.delete_mark, {204: None}, refuses=(404,)),
        ]

    async def read_profile(self, request: Request, publisher: str) -> Response:
        """Return what you say of yourself, and whether every page says so by now."""
        return await self._answer(request, publisher, await self._profiles.of(publisher))

    async def put_profile(self, request: Request, publisher: str) -> Response:
        """Say of yourself what is sent, and nothing else; the mark stays as it is."""
        wish, _ = await read_json(request, ProfileBody)
        said = msgspec.structs.asdict(wish)
        after = await self._profiles.change(publisher, said, condition=condition(request))
        return await self._answer(request, publisher, after)

    async def put_mark(self, request: Request, publisher: str) -> Response:
        """Have a picture as your mark."""
        body = await read_body(request, MAX_MARK)
        after = await self._profiles.change(publisher, mark=body)
        return await self._answer(request, publisher, after)

    async def delete_mark(self, _: Request, publisher: str) -> Response:
        """Have no mark any more."""
        if (await self._profiles.of(publisher)).mark is None:
            raise Missing("mark")
        await self._profiles.change(publisher, drops_mark=True)
        return Response(status_code=204, headers={"cache-control": CACHE_PRIVATE})

    async def _answer(self, request: Request, publisher: str, profile: Profile) -> Response:
        home, mark = self._links.absolute(request, f"/documents/{publisher}"), profile.mark
        told = msgspec.structs.asdict(profile)
        told["mark"] = mark and MarkView(
            f"{home}/{MARK}", f'"{mark.digest}"', mark.media_type, mark.width, mark.height
        )
        shown = await self._profiles.is_shown(publisher)
        view = ProfileView(publisher=publisher, url=home, shown=shown, **told)
        return json(view, headers={"etag": f'"{profile.stamp}"'} if profile.stamp else {})
