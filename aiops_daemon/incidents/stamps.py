"""Times in the table: ISO 8601, UTC, always with six decimals, so that they sort as text."""

from datetime import UTC, datetime


def stamp(at: datetime) -> str:
    """2026-11-24T20:28:43.123456Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def shown(at: datetime) -> str:
    """The same for people: 2026-11-24T20:28:43Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unstamp(text: str) -> datetime:
    """The inverse of stamp; also takes any ISO 8601 time with an offset."""
    return datetime.fromisoformat(text)
