"""Moments that ISO 8601 texts say."""

import re
from datetime import datetime, timezone
from typing import Final

_EARLIEST: Final = datetime.min.replace(tzinfo=timezone.utc)  # noqa: UP017 (as below)
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")


def read_moment(text: str) -> datetime | None:
    """Return the moment that an ISO 8601 date (its midnight) or time says, in UTC; None where the text says none."""
    if _ISO.fullmatch(text) is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else found.astimezone(timezone.utc)  # noqa: UP017


def moment_of(text: str | None) -> datetime:
    """Return the moment, in UTC; the earliest of all where nothing is said or the text says none."""
    return (None if text is None else read_moment(text)) or _EARLIEST
