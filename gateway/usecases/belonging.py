"""Whether ledger, documents and secret belong together: what was lost is not begun anew.

A ledger that is made where one was lost would forget every right, and a secret every token, and
nobody would be told. So a start that finds one gone beside what needs it is refused.
"""

from __future__ import annotations

import hmac

from gateway.core.errors import Lost
from gateway.ports import Ledger, PublicStore

SECRET = "secret"  # noqa: S105  the name of a fingerprint


async def require_ledger(ledger: Ledger, store: PublicStore, *, is_audited: bool) -> None:
    """Raise Lost where a ledger is empty beside documents, or an audit, that it must have had."""
    if await is_begun(ledger):
        return
    shown = [address async for address in store.addresses()]
    if shown or is_audited:
        beside = f"{len(shown)} published documents" if shown else "an audit of what was done"
        raise Lost(
            f"The ledger is empty, and beside it there is {beside}: it is another, or was lost.",
            hint="Restore the ledger from the backup, or set PAIDGATE_LEDGER to the right one.",
        )


async def is_begun(ledger: Ledger) -> bool:
    """Return whether a ledger has been used before."""
    if await ledger.fingerprint(SECRET):
        return True
    # Of a ledger from before there were fingerprints.
    return bool(await ledger.publishers("", 1) or await ledger.anchors())


async def require_secret(ledger: Ledger, secret: bytes) -> None:
    """Raise Lost unless a secret is the one that the ledger was used with; the first one is."""
    known = await ledger.fingerprint(SECRET)
    if not known:
        await ledger.set_fingerprint(SECRET, _fingerprint(secret), "")
    elif not hmac.compare_digest(known, _fingerprint(secret)):
        raise Lost(
            "The root secret is not the one that this ledger was used with: it was changed, "
            "damaged or lost, or the ledger is another.",
            hint="Restore it from the backup. If it was changed on purpose, `paidgate keys "
            "accept-secret` makes it the ledger's: all that the one before has signed is void.",
        )


async def accept_secret(ledger: Ledger, secret: bytes) -> None:
    """Make a secret the one that the ledger is used with."""
    known = await ledger.fingerprint(SECRET)
    await ledger.set_fingerprint(SECRET, _fingerprint(secret), known)


def missing_secret(place: str) -> Lost:
    """Return what to raise where a secret is not there, and the ledger has been used with one."""
    return Lost(
        f"The root secret, {place}, is gone: without it every token and code is void.",
        hint="Restore it from the backup. If it is lost for good, set PAIDGATE_SECRET to a new "
        "one, or write one there, and run `paidgate keys accept-secret`.",
    )


def _fingerprint(secret: bytes) -> str:
    return hmac.digest(secret, b"paidgate fingerprint of the root secret", "sha256").hex()[:32]
