"""The permit: what opens the vault. Only `reading` makes one, from a right that stands."""

from __future__ import annotations

from gateway.core.documents import Address
from gateway.core.errors import GatewayError
from gateway.core.rights import Verdict


class NotPermitted(GatewayError):
    """Raised when a permit is asked for without a standing right: a fault of ours, never shown."""


class Permit:
    """Proof that a standing right covers one edition of one document."""

    __slots__ = ("address", "edition", "grant_id")

    def __init__(self, verdict: Verdict, address: Address, collection: str, edition: str) -> None:
        grant = verdict.grant
        if not verdict.allowed or grant is None or not grant.scope.covers(address, collection):
            raise NotPermitted("No standing right covers this document.")
        self.address = address
        self.edition = edition
        self.grant_id = grant.id


def require_permit(permit: object) -> None:
    """Raise NotPermitted unless this is a permit, whatever its maker says that it is."""
    if not isinstance(permit, Permit):
        raise NotPermitted("The vault opens to a permit only.")
