"""Moments, written as people and machines read them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(seconds: int) -> str:
    """Return Unix seconds as RFC 3339, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
