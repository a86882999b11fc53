"""What is kept as a secret is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.__main__ import cli
from gateway.stores.files.secrets import SIZE, ShortSecret, kept_secret


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    made = kept_secret(path)
    assert len(made) >= SIZE
    assert kept_secret(path) == made
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", [b"", b"x" * (SIZE - 1)])
def test_a_secret_that_was_emptied_or_cut_short_is_refused(left: bytes, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(left)
    with pytest.raises(ShortSecret):
        kept_secret(path)
    assert path.read_bytes() == left


def test_no_command_goes_on_without_its_secret_and_each_says_how_to_mend_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch()
    result = CliRunner().invoke(cli, ["keys", "list"], env={"PAIDGATE_DATA": str(tmp_path)})
    assert result.exit_code == 1
    assert f"The secret in {path} is shorter than 32 bytes. Restore it" in result.output
