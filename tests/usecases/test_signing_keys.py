"""Signing keys: none signs before every worker has it, and none verifies once it is retired."""

from __future__ import annotations

import pytest

from gateway.core.errors import BadToken, Conflict, Missing
from gateway.core.tokens import KeyState
from gateway.usecases.reading import Credential
from tests.support.authorities import LocalAuthority
from tests.support.services import gateway
from tests.usecases.test_reading import HERE, two_workers, warm

pytestmark = pytest.mark.anyio


async def test_a_new_key_signs_and_the_one_before_still_verifies() -> None:
    async with two_workers(LocalAuthority()) as (one, other):
        _, before = await one.grant("all")
        turned = await one.services.signing.rotate()
        assert (turned.kid, turned.state, turned.confirmed) == ("k2", KeyState.ACTIVE, True)
        assert await one.services.signing.keys() == {
            "k1": KeyState.VERIFY_ONLY,
            "k2": KeyState.ACTIVE,
        }
        _, after = await one.grant("all")
        assert after.startswith("pg1.k2.")
        for token in (before, after):
            await other.services.reading.open(HERE, Credential(bearer=token), "html.en")


async def test_a_key_is_not_promoted_while_some_worker_may_lack_it() -> None:
    authority = LocalAuthority()
    async with two_workers(authority) as (one, _):
        authority.is_away = True
        turned = await one.services.signing.rotate()
        assert (turned.kid, turned.state, turned.confirmed) == ("k2", KeyState.PENDING, False)
        assert (await one.grant("all"))[1].startswith("pg1.k1.")
        authority.is_away = False
        turned = await one.services.signing.rotate()
        assert (turned.kid, turned.state, turned.confirmed) == ("k2", KeyState.ACTIVE, True)


async def test_what_a_retired_key_has_signed_is_good_nowhere() -> None:
    async with two_workers(LocalAuthority()) as (one, other):
        _, before = await one.grant("all")
        await warm(other, Credential(bearer=before))
        await one.services.signing.rotate()
        assert (await one.services.signing.retire("k1")).confirmed
        with pytest.raises(BadToken):
            await other.services.reading.open(HERE, Credential(bearer=before), "html.en")


async def test_a_key_in_use_or_unknown_is_not_retired() -> None:
    signing = gateway().services.signing
    with pytest.raises(Conflict):
        await signing.retire("k1")
    with pytest.raises(Missing):
        await signing.retire("k9")
    assert await signing.keys() == {"k1": KeyState.ACTIVE}


async def test_no_kid_comes_twice() -> None:
    signing = gateway().services.signing
    kids = [(await signing.rotate()).kid for _ in range(3)]
    await signing.retire("k1")
    kids.append((await signing.rotate()).kid)
    assert kids == ["k2", "k3", "k4", "k5"]
