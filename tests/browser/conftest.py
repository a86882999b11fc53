"""A browser, and a gateway for it to meet, once for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pictures import chromium
from tests.browser.serving import Gateway, serving

expect.set_options(timeout=60_000)  # milliseconds; a loaded machine is slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Serve a gateway with one publisher, demo."""
    with serving(tmp_path_factory.mktemp("gateway")) as served:
        yield served
