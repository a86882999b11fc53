"""Settings are refused where they are wrong, and mean what they say where they are not."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from gateway.app import open_services
from gateway.settings import BadSettings, Settings, load, readable_secrets, unknown

ODD = "c#1?x%23 文"


def names(folder: Path) -> set[str]:
    """Return the names of what is in a folder."""
    return {path.name for path in folder.iterdir()}


@pytest.mark.anyio
async def test_everything_is_kept_in_the_data_folder_whatever_its_name(tmp_path: Path) -> None:
    data = tmp_path / ODD / "var"
    services = await open_services(load({"PAIDGATE_DATA": str(data), "PAIDGATE_REDIS": "none"}))
    await services.close()
    assert names(tmp_path) == {ODD}
    assert names(data) >= {"ledger.db", "public", "vault"}


@pytest.mark.anyio
async def test_texts_are_kept_where_the_store_says(tmp_path: Path) -> None:
    given = {"PAIDGATE_DATA": str(tmp_path / "var"), "PAIDGATE_REDIS": "none"}
    store = (tmp_path / ODD).as_uri()
    services = await open_services(load({**given, "PAIDGATE_STORE": store}))
    await services.close()
    assert names(tmp_path / ODD) == {"public", "store", "vault"}


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


def test_a_variable_that_is_no_setting_is_told_with_what_it_may_be() -> None:
    close, far = unknown({"PAIDGATE_BASEURL": "https://read.example.org", "PAIDGATE_COLOUR": "red"})
    assert close == "PAIDGATE_BASEURL: there is no such setting; is it PAIDGATE_BASE_URL?"
    assert far == "PAIDGATE_COLOUR: there is no such setting."


def test_settings_and_what_kubernetes_sets_are_not_told() -> None:
    names = [f"PAIDGATE_{field.name.upper()}" for field in fields(Settings)]
    others = ["PAIDGATE_CONFIG", "PAIDGATE_PORT", "PAIDGATE_PORT_80_TCP", "PAIDGATE_SERVICE_HOST"]
    assert unknown(dict.fromkeys([*names, *others, "PATH"], "")) == []


def test_a_secret_that_others_can_read_is_told(tmp_path: Path) -> None:
    config = tmp_path / "paidgate.toml"
    config.write_text(f'secret = "{"s" * 40}"\n')
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    here = {"PAIDGATE_DATA": str(tmp_path)}
    there = {"PAIDGATE_CONFIG": str(config)}
    for environ, path in ((here, secret), (there, config)):
        for mode, is_told in ((0o644, True), (0o640, True), (0o600, False), (0o400, False)):
            path.chmod(mode)
            told = readable_secrets(environ, load(environ))
            assert len(told) == is_told
            assert all(line.startswith(f"{path}: others can read") for line in told)
