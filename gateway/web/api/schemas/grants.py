"""Grants and their devices, as they are asked for and told."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gateway.core.documents import NAME
from gateway.core.rights import PLACES
from gateway.usecases.granting import API, OUR_SOURCES
from gateway.web.api.schemas.fields import Note, Places, ScopeText, Term, When, text, words


class GrantBody(Struct, forbid_unknown_fields=True):
    """A right to give. The same source and source_ref for the same scope is the same grant."""

    scope: ScopeText
    subject: Annotated[str, words("Your own name for a person.", "reader-7")] = ""
    term: Term = ""
    devices: Places = PLACES
    note: Note = ""
    starts: When = None
    parent: Annotated[
        str, text("[a-z0-9]{0,64}", 64, "The id of the grant or code it comes from.", "")
    ] = ""
    source: Annotated[
        str,
        Meta(
            pattern=f"^{NAME}$",
            max_length=80,
            description="Where it comes from: 1 to 80 of a-z, 0-9 and hyphen; not once, not code.",
            examples=["shop"],
            extra_json_schema={"not": {"enum": list(OUR_SOURCES)}},
        ),
    ] = API
    source_ref: Annotated[str, words("What the source calls it.", "order-7")] = ""


class GrantView(Struct, kw_only=True):
    """A right on record."""

    id: str
    scope: str
    subject: str
    note: str
    devices: int
    starts: str
    expires: str | None
    revoked: str | None
    made: str
    source: str
    source_ref: str
    parent: str


class NewGrant(GrantView, kw_only=True):
    """A right, and its token. confirmed: every worker knows of it."""

    token: str
    unlock_url: str
    confirmed: bool


class GrantList(Struct):
    """A page of grants, by id."""

    grants: list[GrantView]
    next: str | None


class NewLink(Struct):
    """The token of a grant after its link was renewed. confirmed: no worker takes one before it."""

    token: str
    unlock_url: str
    confirmed: bool


class DeviceView(Struct):
    """A browser in which a grant was redeemed, and when."""

    id: str
    redeemed: str


class DeviceList(Struct):
    """Where a grant was redeemed, in that order."""

    devices: list[DeviceView]
