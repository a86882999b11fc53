"""Errors, as they are told: RFC 9457."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from gateway.web.api.schemas.findings import FindingView


class FaultView(Struct):
    """One thing that is wrong with a request: where, what, and how to mend it."""

    where: str
    message: str
    hint: str


class Problem(Struct, omit_defaults=True):
    """An error, by RFC 9457. problems: everything that is wrong, where the request is."""

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    where: str = ""
    problems: list[FaultView] | UnsetType = UNSET
    findings: list[FindingView] | UnsetType = UNSET
    findings_total: int | UnsetType = UNSET
    current: str = ""
