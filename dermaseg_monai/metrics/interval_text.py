"""A value and its interval as text."""

from math import isnan


def bracketed(value: float, low: float | None, high: float | None, form: str = ".3f") -> str:
    """Write `value [low, high]`, all in one format; without an interval (None or NaN) the value alone."""
    if low is None or high is None or isnan(low) or isnan(high):
        return format(value, form)
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"
