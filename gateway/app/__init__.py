"""Composition root: the only place that knows every part."""

from __future__ import annotations

from gateway.app.gateway import Gateway
from gateway.app.services import Services, SystemClock, build_services, open_services
from gateway.app.stores import open_search_index
from gateway.app.waits import looks, timeout
from gateway.app.web import build

__all__ = [
    "Gateway",
    "Services",
    "SystemClock",
    "build",
    "build_services",
    "looks",
    "open_search_index",
    "open_services",
    "timeout",
]
