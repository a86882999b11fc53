"""What docs/ says of settings, commands and layers is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.reference import MADE


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_a_made_page_is_what_its_command_writes(path: Path) -> None:
    made = MADE[path]()
    assert path.read_text() == made, (
        "Run .venv/bin/python -m tools.reference and look at the change."
    )
