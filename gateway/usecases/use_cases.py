"""All that can be done here, as the surfaces are given it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.usecases.announcing import Announcing
from gateway.usecases.api_keys import ApiKeys
from gateway.usecases.codes import Codes
from gateway.usecases.erasing import Erasing
from gateway.usecases.explaining import Explaining
from gateway.usecases.granting import Granting
from gateway.usecases.idempotency import Idempotency
from gateway.usecases.indexing import Indexing
from gateway.usecases.mending import Mending
from gateway.usecases.moving import Moving
from gateway.usecases.picturing import Picturing
from gateway.usecases.profiles import Profiles
from gateway.usecases.publishers import Publishers
from gateway.usecases.publishing import Publishing
from gateway.usecases.reading import Reading
from gateway.usecases.redeeming import Redeeming
from gateway.usecases.renaming import Renaming
from gateway.usecases.seeds import Seeds
from gateway.usecases.showing import Showing
from gateway.usecases.signing_keys import Signing


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """The use cases, put on the same parts."""

    publishing: Publishing
    showing: Showing
    erasing: Erasing
    mending: Mending
    picturing: Picturing
    renaming: Renaming
    indexing: Indexing
    publishers: Publishers
    profiles: Profiles
    api_keys: ApiKeys
    granting: Granting
    codes: Codes
    redeeming: Redeeming
    moving: Moving
    reading: Reading
    explaining: Explaining
    idempotency: Idempotency
    signing: Signing
    seeds: Seeds
    announcing: Announcing
