"""Whether ledger, documents and secret belong together: what was lost is not begun anew.

A ledger that is made where one was lost would forget every right, and a secret every token, and
nobody would be told. So a start that finds one gone, or another, beside what needs it is refused.
"""

from __future__ import annotations

import hmac

from gateway.core.errors import Lost
from gateway.ports import Health, Ledger, PublicStore, StoreName, Vault

SECRET, STORE = "secret", "store"  # names of fingerprints
SOME = 20  # documents that are looked for in a store that has no name


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
    known = await _recorded(ledger, SECRET, _fingerprint(secret))
    if not hmac.compare_digest(known, _fingerprint(secret)):
        raise Lost(
            "The root secret is not the one that this ledger was used with: it was changed, "
            "damaged or lost, or the ledger is another.",
            hint="Set PAIDGATE_SECRET as every other gateway on this ledger has it, or restore it "
            "from the backup. If it was changed on purpose, `paidgate keys accept-secret` makes it "
            "the ledger's: all that the one before has signed is void.",
        )


async def _recorded(ledger: Ledger, what: str, value: str) -> str:
    """Return the fingerprint on record; it is this one if there was none."""
    known = await ledger.fingerprint(what)
    if not known:
        await ledger.set_fingerprint(what, value, "")
        known = await ledger.fingerprint(what)  # another may have been faster
    return known


async def accept_secret(ledger: Ledger, secret: bytes) -> None:
    """Make a secret the one that the ledger is used with."""
    known = await ledger.fingerprint(SECRET)
    await ledger.set_fingerprint(SECRET, _fingerprint(secret), known)


def missing_secret(place: str) -> Lost:
    """Return what to raise where a secret is not there, and the ledger has been used with one."""
    return Lost(
        f"The root secret, {place}, is gone: without it every token and code is void.",
        hint="Set PAIDGATE_SECRET as every other gateway on this ledger has it, or restore it from "
        "the backup. If it is lost for good, set PAIDGATE_SECRET to a new one, or write one there, "
        "and run `paidgate keys accept-secret`.",
    )


async def require_store(ledger: Ledger, name: StoreName, vault: Vault, fresh: str) -> None:
    """Raise Lost unless a store is the one that the ledger was used with; the first one is.

    A store without a name is given one, if the ledger's documents lie there.
    """
    known, found = await ledger.fingerprint(STORE), await name.read()
    if known and known == found:
        return
    if not known or not found:
        holds = await _holds(ledger, vault)
        if holds or (holds is None and not known):
            await name.keep(known or fresh)
            found = await name.read()
            known = await _recorded(ledger, STORE, found)
    if not known or known != found:
        what = "is another's" if found else "does not hold its documents"
        raise Lost(
            f"The store at {name.place} is not the one that this ledger was used with: it {what}.",
            hint="Set PAIDGATE_STORE, or PAIDGATE_DATA, as every other gateway on this ledger has "
            "it; several hosts need one that they share. Where documents were moved on purpose, "
            "put all of the earlier store there, the file `store` too. If the ledger is the wrong "
            "one, set PAIDGATE_LEDGER.",
        )


async def _holds(ledger: Ledger, vault: Vault) -> bool | None:
    """Return whether a store holds documents of a ledger, None where there are none."""
    editions = await ledger.all_editions(None, SOME)
    for edition in editions:
        healths = (await vault.look(edition.address, edition.id)).values()
        if any(health is not Health.MISSING for health in healths):
            return True
    return False if editions else None


def _fingerprint(secret: bytes) -> str:
    return hmac.digest(secret, b"paidgate fingerprint of the root secret", "sha256").hex()[:32]
