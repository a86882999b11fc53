"""Editions, grants, codes, API keys and profiles as rows of the ledger's tables, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping

from gateway.core.api_keys import ApiKey, May
from gateway.core.codes import Code
from gateway.core.documents import Address
from gateway.core.profiles import Profile
from gateway.core.rights import Grant, Scope
from gateway.ports import Edition
from gateway.stores.sql import tables as t

_OF_THE_RECORD = ("publisher", "slug", "number", "moved_to")
_EDITION = [c.name for c in t.edition.c if c.name not in _OF_THE_RECORD]
_CODE = [c.name for c in t.code.c if c.name not in ("publisher", "scope")]
_KEY = [c.name for c in t.publisher_key.c if c.name not in ("key_hash", "may")]
_GRANT = [c.name for c in t.grant.c if c.name not in ("publisher", "scope")]


def edition_row(edition: Edition) -> dict[str, Any]:
    """Return the columns of an edition; its number is given when it is recorded."""
    facts = {name: getattr(edition, name) for name in _EDITION}
    return facts | edition.address._asdict()


def edition_of(row: RowMapping) -> Edition:
    """Return the edition in a row."""
    facts = {name: row[name] for name in _EDITION}
    facts["sections"] = tuple((paid, line, end) for paid, line, end in row["sections"])
    return Edition(address=Address(row["publisher"], row["slug"]), **facts)


def grant_row(grant: Grant) -> dict[str, Any]:
    """Return the columns of a grant."""
    facts = {name: getattr(grant, name) for name in _GRANT}
    facts["source_ref"] = grant.source_ref or None
    facts["parent"] = grant.parent or None
    return facts | {"publisher": grant.scope.publisher, "scope": str(grant.scope)}


def grant_of(row: RowMapping) -> Grant:
    """Return the grant in a row."""
    facts = {name: row[name] for name in _GRANT}
    facts["source_ref"] = row["source_ref"] or ""
    facts["parent"] = row["parent"] or ""
    return Grant(scope=Scope.parse(row["publisher"], row["scope"]), **facts)


def code_row(code: Code) -> dict[str, Any]:
    """Return the columns of a code."""
    facts = {name: getattr(code, name) for name in _CODE}
    return facts | {"publisher": code.scope.publisher, "scope": str(code.scope)}


def code_of(row: RowMapping) -> Code:
    """Return the code in a row."""
    facts = {name: row[name] for name in _CODE}
    return Code(scope=Scope.parse(row["publisher"], row["scope"]), **facts)


def key_row(key: ApiKey) -> dict[str, Any]:
    """Return the columns of an API key."""
    facts = {name: getattr(key, name) for name in _KEY}
    may = ",".join(each for each in May if each in key.may)
    return facts | {"key_hash": key.hash, "may": may}


def key_of(row: RowMapping) -> ApiKey:
    """Return the API key in a row."""
    facts = {name: row[name] for name in _KEY}
    may = frozenset(May(word) for word in row["may"].split(","))
    return ApiKey(hash=row["key_hash"], may=may, **facts)


def profile_row(publisher: str, profile: Profile) -> dict[str, Any]:
    """Return the columns of what a publisher says of itself."""
    return {"publisher": publisher, "stamp": profile.stamp, "blob": profile.pack(publisher)}


def profile_of(row: RowMapping) -> Profile:
    """Return what a publisher says of itself, in a row. Raises Damaged."""
    return Profile.unpack(row["blob"], row["publisher"])
