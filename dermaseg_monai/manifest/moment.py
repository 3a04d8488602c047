"""Moments that ISO 8601 texts say."""

import re
from datetime import datetime, timezone
from typing import Final

_EARLIEST: Final = datetime.min.replace(tzinfo=timezone.utc)  # noqa: UP017 (as below)
_DATE: Final = len("2026-01-05")
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")


def read_moment(text: str) -> datetime | None:
    """Return the moment that an ISO 8601 date (its midnight) or time says, in UTC; None where the text says none."""
    if _ISO.fullmatch(text) is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else found.astimezone(timezone.utc)  # noqa: UP017
    except (ValueError, OverflowError):  # the 30th of February; the first hours of the year 1
        return None


def moment_of(text: str | None) -> datetime:
    """Return the moment, in UTC; that of the date where the time is unreadable, the earliest of all without a date."""
    return (read_moment(text) or read_moment(text[:_DATE]) or _EARLIEST) if text else _EARLIEST
