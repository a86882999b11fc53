"""Codes, as they are asked for and told."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from gateway.core.rights import PLACES
from gateway.usecases.codes import MAX_COUNT, MAX_USES
from gateway.web.api.schemas.fields import Note, Places, ScopeText, Term, When, number


class CodeBody(Struct, forbid_unknown_fields=True):
    """Codes to make: each gives as many rights as it has uses, each right in some devices."""

    scope: ScopeText
    count: Annotated[int, number(MAX_COUNT, "How many: 1 to 10000.", 10)]
    uses: Annotated[int, number(MAX_USES, "How often each opens: 1 to 10000.", 1)] = 1
    term: Term = ""
    expires: When = None
    devices: Places = PLACES
    note: Note = ""


class CodeView(Struct, kw_only=True):
    """A code on record. Its word is nowhere."""

    id: str
    scope: str
    uses: int
    used: int
    term: str
    expires: str | None
    devices: int
    note: str
    revoked: str | None
    made: str


class NewCode(CodeView, kw_only=True):
    """A code, and its word, which is told this once."""

    code: str


class NewCodes(Struct):
    """The codes that were made. confirmed: every worker knows of all that is on record."""

    codes: list[NewCode]
    confirmed: bool


class CodeList(Struct):
    """A page of codes, by id."""

    codes: list[CodeView]
    next: str | None
