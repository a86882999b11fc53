"""Redemptions, as they are asked for and told."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from gateway.web.api.schemas.fields import text

REDEEMED = r"[^\x00-\x20\x7f-\xa0\ud800-\udfff][^\x00-\x1f\ud800-\udfff]*"


class Redemption(Struct, forbid_unknown_fields=True):
    """A code or a token (or the link with it) to redeem."""

    code: Annotated[
        str, text(REDEEMED, 500, "A code as it was typed or pasted.", "ABCD-EFGH-JKMN-PQRS")
    ] = ""
    token: Annotated[
        str, text(REDEEMED, 2_000, "A token, or the link with it.", "pg1.k1.WyJ.2fY")
    ] = ""


class RedeemedView(Struct):
    """A bearer token, and what it opens until when. confirmed: every worker knows of it."""

    token: str
    scope: str
    document: str | None
    ends: str | None
    confirmed: bool
