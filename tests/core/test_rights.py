"""Scopes, standings, and which grants cover which document."""

from __future__ import annotations

import pytest

from gateway.core.documents import Address
from gateway.core.errors import Malformed
from gateway.core.permits import NotPermitted, Permit
from gateway.core.rights import (
    Grant,
    Rights,
    Scope,
    ScopeKind,
    Standing,
    Verdict,
    judge,
    pack_rights,
    unpack_rights,
)

HERE = Address("demo", "report")


def grant(scope: str = "document:report", **facts: int | None) -> Grant:
    return Grant(id="g1", scope=Scope.parse("demo", scope), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", "document", "document:", "document:*", "document:a/b", "document:a ", "DOCUMENT:a",
     "document:../x", "collection:", "all:", "all ", "section:a", "document:a\n", "*",
     "documents:a", "document:" + "a" * 81, "document:é", "document:report:2"],
)  # fmt: skip
def test_what_is_not_a_scope_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Scope.parse("demo", text)


@pytest.mark.parametrize("text", ["document:report", "collection:news", "all"])
def test_a_scope_is_written_as_it_was_read(text: str) -> None:
    assert str(Scope.parse("demo", text)) == text


def test_a_document_scope_covers_exactly_that_document() -> None:
    scope = Scope.parse("demo", "document:report")
    assert scope.covers(HERE, "")
    assert not scope.covers(Address("demo", "report-2"), "")
    assert not scope.covers(Address("demo", "repor"), "")
    assert not scope.covers(Address("demo", "news"), "report")


def test_a_collection_scope_never_covers_a_document_without_a_collection() -> None:
    assert not Scope("demo", ScopeKind.COLLECTION, "").covers(HERE, "")
    assert Scope.parse("demo", "collection:news").covers(HERE, "news")
    assert not Scope.parse("demo", "collection:news").covers(HERE, "newsletter")


@pytest.mark.parametrize("text", ["document:report", "collection:news", "all"])
def test_no_scope_reaches_into_another_publisher(text: str) -> None:
    assert not Scope.parse("demo", text).covers(Address("other", "report"), "news")


def test_a_term_holds_from_its_start_until_just_before_its_end() -> None:
    term = grant(starts=100, ends=200)
    assert [term.standing(at) for at in (99, 100, 199, 200)] == [
        Standing.NOT_YET,
        Standing.STANDS,
        Standing.STANDS,
        Standing.ENDED,
    ]


def test_a_revocation_outweighs_every_term() -> None:
    for at in (0, 50, 150, 250):
        assert grant(starts=100, ends=200, revoked_at=50).standing(at) is Standing.REVOKED


def test_one_standing_grant_is_enough() -> None:
    verdict = judge(Rights([grant(revoked_at=1), grant(ends=1), grant()]), HERE, "", 10)
    assert verdict.allowed


def test_no_grant_is_no() -> None:
    assert judge(Rights([]), HERE, "", 10) == Verdict(None, None)
    assert not judge(Rights([grant("document:other")]), HERE, "", 10).allowed


def test_among_rights_that_do_not_stand_the_revocation_is_told() -> None:
    assert (
        judge(Rights([grant(ends=1), grant(revoked_at=1)]), HERE, "", 10).standing
        is Standing.REVOKED
    )


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(None, None),
        Verdict(grant(), Standing.REVOKED),
        Verdict(grant(), Standing.ENDED),
        Verdict(grant(), Standing.NOT_YET),
        Verdict(grant("document:other"), Standing.STANDS),
        Verdict(None, Standing.STANDS),
    ],
)
def test_without_a_standing_right_there_is_no_permit(verdict: Verdict) -> None:
    with pytest.raises(NotPermitted):
        Permit(verdict, HERE, "", "edition")


# --- in a cache --------------------------------------------------------------------------------


def test_rights_come_back_as_they_were_packed() -> None:
    rights = Rights((grant(starts=100, ends=200), grant("all", revoked_at=7)), 9, 2)
    found = unpack_rights(pack_rights(rights))
    assert found
    assert (found.grants, found.version, found.epoch) == (rights.grants, 9, 2)
    assert unpack_rights(pack_rights(None)) is None


@pytest.mark.parametrize(
    "packed",
    [b"", b"\x80\x04K\x01.", b"\xff", b"nul", b"true", b"[]", b"{}", b"[1, 0]", b'["1", 0, []]',
     b"[true, 0, []]", b"[1, 0, null]", b'[1, 0, {"abcdef": 1}]', b"[1, 0, [[]]]", b"[1, 0, []] 2",
     b'[1, 0, [["g1", ["demo"], "all", 0, null, null]]]', b"[" * 100_000, b"[1, 0, [" * 50_000,
     b'[1, 0, [["g1", "demo", 7, 0, null, null]]]', b'[1, 0, [["g1", "demo", "all", "0", 1, 1]]]',
     b'[1, 0, [["g1", "demo", "all", 0, null, "no"]]]', b'[1, 0, [["g1", "demo", "*", 0, 1, 1]]]',
     b'[1, 0, [[null, "demo", "all", 0, null, null]]]', b"[1e999, 0, []]"],
)  # fmt: skip
def test_what_is_no_packed_rights_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack_rights(packed)
