"""Settings are refused where they are wrong, and mean what they say where they are not."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from gateway.app import open_house
from gateway.settings import BadSettings, Settings, load, misspelt

ODD = "c#1?x%23 文"


def names(folder: Path) -> set[str]:
    """Return the names of what is in a folder."""
    return {path.name for path in folder.iterdir()}


@pytest.mark.anyio
async def test_everything_is_kept_in_the_data_folder_whatever_its_name(tmp_path: Path) -> None:
    data = tmp_path / ODD / "var"
    house = await open_house(load({"PAIDGATE_DATA": str(data), "PAIDGATE_REDIS": "none"}))
    await house.close()
    assert names(tmp_path) == {ODD}
    assert names(data) >= {"ledger.db", "public", "vault"}


@pytest.mark.anyio
async def test_texts_are_kept_where_the_store_says(tmp_path: Path) -> None:
    given = {"PAIDGATE_DATA": str(tmp_path / "var"), "PAIDGATE_REDIS": "none"}
    store = (tmp_path / ODD).as_uri()
    house = await open_house(load({**given, "PAIDGATE_STORE": store}))
    await house.close()
    assert names(tmp_path / ODD) == {"public", "vault"}


@pytest.mark.parametrize(
    ("store", "mended"),
    [
        ("file://var/texts", "file:///srv/texts"),
        ("file://", "file:///srv/texts"),
        ("file:var/texts", "file:///srv/texts"),
        ("file:///srv/texts?1", "%3F"),
        ("file:///srv/c#1/texts", "%23"),
    ],
)
def test_a_store_that_is_no_full_path_is_refused_with_how_to_mend_it(
    store: str, mended: str
) -> None:
    with pytest.raises(BadSettings, match=f"PAIDGATE_STORE: .*{mended}"):
        load({"PAIDGATE_STORE": store})


def test_a_variable_that_is_nearly_a_setting_is_told() -> None:
    (line,) = misspelt({"PAIDGATE_BASEURL": "https://read.example.org"})
    assert line == "PAIDGATE_BASEURL: there is no such setting; is it PAIDGATE_BASE_URL?"


def test_settings_and_what_others_set_are_no_misspelling() -> None:
    names = [f"PAIDGATE_{field.name.upper()}" for field in fields(Settings)]
    others = ["PAIDGATE_CONFIG", "PAIDGATE_PORT", "PAIDGATE_SERVICE_HOST", "PAIDGATE_KILLS", "PATH"]
    assert misspelt(dict.fromkeys([*names, *others], "")) == []
