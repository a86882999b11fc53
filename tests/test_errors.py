"""The error tree that is drawn is the one that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import gateway.app  # noqa: F401  whose parts define some of them
from gateway.core import errors

LINE = re.compile(r"((?:│ {3})*)[├└]── (\w+) ")


def drawn() -> Iterator[tuple[str, str]]:
    """Yield each error that is drawn, after the one that it hangs from."""
    above = [errors.GatewayError.__name__]
    for line in (errors.__doc__ or "").splitlines():
        if found := LINE.match(line):
            depth = 1 + len(found[1]) // 4
            above = [*above[:depth], found[2]]
            yield above[-2], above[-1]


def derived(kind: type[errors.GatewayError]) -> Iterator[tuple[str, str]]:
    """Yield each error that is derived from a kind in the gateway, after its base."""
    for each in kind.__subclasses__():
        if each.__module__.startswith("gateway."):
            yield kind.__name__, each.__name__
            yield from derived(each)


def test_the_tree_that_is_drawn_is_that_of_the_classes() -> None:
    assert sorted(drawn()) == sorted(derived(errors.GatewayError))
