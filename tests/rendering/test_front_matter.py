"""Front matter out: what other tools read, and no markup for those that do not."""

from __future__ import annotations

import yaml

from gateway.rendering.front_matter import front_matter
from tests.web.sheets import HOSTILE


def test_front_matter_says_what_is_known_and_that_the_rest_of_what_matters_is_not() -> None:
    facts = {"title": HOSTILE, "published": "2026-01-01T00:00:00Z", "offers": [{"name": "甲 # a"}]}
    told = front_matter(facts).decode()
    assert told.startswith("---\n")
    assert told.endswith("\n---\n\n")
    read = yaml.safe_load(told.strip("-\n"))
    assert read == {
        "title": HOSTILE,
        "author": None,
        "date": "2026-01-01T00:00:00Z",
        "language": None,
        "url": None,
        "offer": [{"name": "甲 # a"}],
    }


def test_front_matter_holds_no_markup_for_whoever_takes_it_for_markdown() -> None:
    told = front_matter({"title": HOSTILE, "offers": [{"name": HOSTILE}]}).decode()
    assert "<" not in told
    assert ">" not in told
