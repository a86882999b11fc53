"""The tutorial for publishers shows the studio as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.pictures import WIDTHS
from tests.browser.tutorial import IMAGES, take_pictures
from tools.venv import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"


def size(picture: Path) -> tuple[int, int]:
    """Return the width and height of a PNG."""
    head = picture.read_bytes()[16:24]
    return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")


@pytest.mark.long
def test_the_pictures_can_be_taken_anew(tmp_path: Path) -> None:
    taken = {picture.name: size(picture) for picture in take_pictures(tmp_path)}
    kept = {picture.name: size(picture) for picture in IMAGES.glob("*.png")}
    assert kept == taken


def test_the_tutorial_shows_each_picture_at_both_widths() -> None:
    shown = re.findall(r'(?:src|srcset)="images/(\S+)"', TUTORIAL.read_text())
    assert len(shown) == len(set(shown))
    assert set(shown) == {picture.name for picture in IMAGES.glob("*.png")}
    steps = {name.rpartition("-")[0] for name in shown}
    assert set(shown) == {f"{step}-{width}.png" for step in steps for width in WIDTHS}
