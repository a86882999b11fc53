"""Builders of what stores hold. The same names give the same things, in every process."""

from __future__ import annotations

from pathlib import Path

from gateway.core.bundles import IDENTITY, Bundle, Entry, Representation
from gateway.core.codes import Code
from gateway.core.documents import Address
from gateway.core.permits import Permit
from gateway.core.rights import Grant, Scope, ScopeKind, Standing, Verdict
from gateway.ports import Edition, Sealed

HERE = Address("demo", "first")
THERE = Address("demo", "second")
ELSEWHERE = Address("other", "first")


def edition(
    name: str = "e1", address: Address = HERE, at: int = 1_800_000_000, collection: str = ""
) -> Edition:
    """Return an edition with something in every field."""
    return Edition(
        id=name,
        address=address,
        made_at=at,
        format="plain",
        title=f"标题 {name}",
        language="zh-CN",
        collection=collection,
        public_digest=f"digest of {name}",
        published="2027-01-15T08:00:00Z",
        updated="2027-01-15T08:00:01Z",
        sections=((False, 1, 3), (True, 4, 9)),
    )


def grant(
    name: str = "g1",
    scope: str = "all",
    publisher: str = "demo",
    *,
    subject: str = "",
    source_ref: str = "",
    devices: int = 5,
    parent: str = "",
) -> Grant:
    """Return a grant with something in every field."""
    return Grant(
        id=name,
        scope=Scope.parse(publisher, scope),
        subject=subject,
        note="读者 42",
        source="api",
        source_ref=source_ref,
        starts=1_800_000_000,
        ends=4_000_000_000,
        devices=devices,
        parent=parent,
        made_at=1_800_000_000,
    )


def code(name: str = "c1", *, uses: int = 1, publisher: str = "demo") -> Code:
    """Return a code with something in every field."""
    return Code(
        id=name,
        hash=f"hash of {name}",
        scope=Scope.parse(publisher, "all"),
        max_uses=uses,
        term=86_400,
        devices=2,
        note="春季",
        expires=4_000_000_000,
        made_at=1_800_000_000,
    )


def entry(address: Address = HERE, published: str = "2027-01-15T08:00:00Z") -> Entry:
    """Return what the catalogue says of a document."""
    return Entry(address, "标题", "提要", "zh-CN", "作者", published, published)


def bundle(
    name: str = "e1", address: Address = HERE, published: str = "2027-01-15T08:00:00Z"
) -> Bundle:
    """Return a bundle of some pages, all of one length whatever its name."""
    body = f"{name:>20}".encode() * 500
    forms = {
        form: Representation("text/plain", f'"{name}-{form}"', {IDENTITY: body, "br": body[::-1]})
        for form in ("html", "md")
    }
    return Bundle(name, forms, entry(address, published))


def sealed(name: str = "e1", address: Address = HERE) -> Sealed:
    """Return all that the vault keeps of an edition."""
    full = Representation("text/plain", f'"{name}"', {IDENTITY: f"paid text of {name}".encode()})
    source = f"source of {address} {name}".encode()
    return Sealed(source, Bundle(name, {"html": full}), bundle(name, address))


def permit(name: str = "e1", address: Address = HERE) -> Permit:
    """Return a permit, as `reading` would make one."""
    right = Grant("g1", Scope(address.publisher, ScopeKind.ALL))
    return Permit(Verdict(right, Standing.STANDS), address, "", name)


def below(root: Path) -> list[str]:
    """Return the name of everything below a folder."""
    return sorted(path.name for path in root.rglob("*"))
