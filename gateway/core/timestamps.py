"""Moments, written as people and machines read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

Day = date | datetime
"""A day, or a moment of it; a moment without a zone is one of UTC."""

AHEAD = 14 * 3600  # seconds; where a day begins first, and how much earlier than in UTC
BEHIND = 12 * 3600  # seconds; where it begins last, and how much later


def timestamp(seconds: int) -> str:
    """Return Unix seconds as RFC 3339, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def written(day: Day) -> str:
    """Return the moment that a day begins with as RFC 3339, in the zone that it came with."""
    return _moment(day).isoformat(timespec="seconds").replace("+00:00", "Z")


def begins(day: Day) -> int:
    """Return the Unix seconds of the moment that a day begins with."""
    return int(_moment(day).timestamp())


def day_of(day: Day) -> date:
    """Return the day alone, as whoever wrote it counts."""
    return day.date() if isinstance(day, datetime) else day


def has_zone(day: Day) -> bool:
    """Return whether it is known where on earth the day is meant."""
    return isinstance(day, datetime) and day.tzinfo is not None


def later(one: str, other: str) -> str:
    """Return the later of two moments in RFC 3339, the first where they are the same."""
    return max(one, other, key=datetime.fromisoformat)


def _moment(day: Day) -> datetime:
    if not isinstance(day, datetime):
        day = datetime(day.year, day.month, day.day)
    return day if day.tzinfo else day.replace(tzinfo=UTC)
