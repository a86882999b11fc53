"""P-WHOLE: whatever is stored, and whatever harms it, no answer is wrong, and damage is told.

Every kind of stored thing × every harm × every store that it is on, and each cell as the table in
docs/damage.md has it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.stores.stored import BUCKET, STORED, Stored
from tests.damage.cells import Ground
from tests.damage.samples import EARLIER, HARMS, SAMPLES
from tests.damage.table import shown, written
from tests.s3 import S3

pytestmark = pytest.mark.anyio

THINGS = [
    pytest.param(thing, store, id=f"{thing.name}-{store}") for thing in STORED for store in thing.on
]


def test_every_stored_thing_has_a_sample_and_a_row() -> None:
    assert SAMPLES.keys() == {thing.name for thing in STORED}
    told = {(name, store) for name, store, _ in written()} - {("stored", "on")}
    assert told == {(thing.name, store) for thing in STORED for store in thing.on}


@pytest.fixture(scope="module")
async def on_files(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> Ground:
    """Build a gateway on files."""
    ground = Ground(tmp_path_factory.mktemp("files"))
    await ground.build()
    return ground


@pytest.fixture(scope="module")
async def in_bucket(
    s3: S3, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Ground]:
    """Build a gateway whose texts are in a bucket."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        ground = Ground(tmp_path_factory.mktemp("s3"), s3)
        await ground.build()
        yield ground


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize(("thing", "store"), THINGS)
async def test_no_harm_to_anything_is_answered_wrongly_or_passed_over(
    request: pytest.FixtureRequest, thing: Stored, store: str, harm: str
) -> None:
    ground: Ground = request.getfixturevalue("in_bucket" if store == BUCKET else "on_files")
    seen = await ground.harmed(thing, harm)
    assert shown(seen) == written()[thing.name, store, harm]
    if seen is None or seen.refused:
        return
    assert seen.wrong == []
    assert len(seen.told) == len({*seen.told})  # each thing once
    if seen.errors:
        assert seen.told
        assert seen.damaged
        assert not seen.is_ready
    if harm == EARLIER:
        assert not seen.errors
        assert not seen.damaged
        assert seen.earlier
    if seen.damaged and thing.mended_from:
        assert seen.is_repaired or seen.is_mended_again
