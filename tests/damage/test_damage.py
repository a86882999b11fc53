"""P-WHOLE: whatever is stored, and whatever harms it, no answer is wrong, and damage is told.

Every kind of stored thing × every harm × every store that it is on, and each cell as the table in
docs/damage.md has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import open_services
from gateway.core.errors import Lost
from gateway.settings import load
from gateway.stores.sql.engines import open_engines
from gateway.stores.stored import BUCKET, STORED, Stored
from gateway.usecases.submissions import Submission
from tests.conftest import empty_schema
from tests.damage.cells import Ground
from tests.damage.samples import EARLIER, HARMS, HERE, SAMPLES
from tests.damage.table import shown, written
from tests.support.s3 import S3

pytestmark = pytest.mark.anyio

THINGS = [
    pytest.param(thing, store, id=f"{thing.name}-{store}") for thing in STORED for store in thing.on
]


def test_every_stored_thing_has_a_sample_and_a_row() -> None:
    assert SAMPLES.keys() == {thing.name for thing in STORED}
    told = {(name, store) for name, store, _ in written()}
    assert told == {(thing.name, store) for thing in STORED for store in thing.on}


@pytest.fixture(scope="module")
def on_files(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Give a gateway on files, which the first test builds."""
    return Ground(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def in_bucket(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Give a gateway whose texts are in a bucket, which the first test builds."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        yield Ground(tmp_path_factory.mktemp("s3"), s3)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize(("thing", "store"), THINGS)
async def test_no_harm_to_anything_is_answered_wrongly_or_passed_over(
    request: pytest.FixtureRequest, thing: Stored, store: str, harm: str
) -> None:
    ground: Ground = request.getfixturevalue("in_bucket" if store == BUCKET else "on_files")
    await ground.build()
    seen = await ground.harmed(thing, harm)
    assert shown(seen) == written()[thing.name, store, harm]
    if seen is None or seen.refused:
        return
    assert seen.wrong == []
    assert len(seen.told) == len({*seen.told})  # each thing once
    # Lists of a bucket are made of what its catalogue names and its previews say.
    assert not seen.left_out or (store == BUCKET and thing.name in ("catalogue", "preview"))
    # What was sent beside a document, and is gone, is on no record: its publisher gets a 404.
    is_on_record = (thing.name, harm) != ("companion", "missing")
    if (seen.errors or seen.left_out) and is_on_record:
        assert seen.told
        assert seen.damaged
        assert not seen.is_ready
    if harm == EARLIER:
        assert not seen.errors
        assert not seen.damaged
    if seen.damaged and thing.mended_from:
        assert seen.is_repaired or seen.is_mended_again


async def test_a_postgresql_ledger_that_was_emptied_is_not_begun_anew(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = load(
        {
            "PAIDGATE_DATA": str(tmp_path),
            "PAIDGATE_REDIS": "none",
            "PAIDGATE_LEDGER": postgres_url,
        }
    )
    await emptied(postgres_url)
    services = await open_services(settings, in_process=True)
    await services.publishing.publish(Submission(HERE, b"Title\n\nWords.", "plain", free=True))
    await services.close()
    await emptied(postgres_url)
    with pytest.raises(Lost, match="The ledger is empty, and beside it there is 1 published"):
        await open_services(settings, in_process=True)


async def emptied(url: str) -> None:
    engines = open_engines(url)
    await engines.change(empty_schema)
    await engines.close()
