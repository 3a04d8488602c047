"""How many cases a split gets: shares (70:10:20) or counts (8016/1999)."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from dermaseg_monai.errors import ConfigError, DataError

_WHOLES: Final = (Fraction(1), Fraction(100))


def sizes(text: str, n_cases: int, *, scale: bool) -> tuple[int, ...]:
    """Return how many of `n_cases` each part gets; all of them together are `n_cases`.

    Shares are joined by `:` and add up to 100 or to 1; they are rounded by largest remainder, the earlier part first.
    Counts are joined by `/` and add up to `n_cases`; `scale` takes other counts as shares of their sum.

    Raises:
        ConfigError: neither shares nor counts, or shares that do not add up.
        DataError: counts that exceed the cases or leave some over, or a part without a case.
    """
    if "/" in text:
        numbers = _numbers(text, "/", whole=True)
        if sum(numbers) != n_cases and not scale:
            raise _other_number(text, int(sum(numbers)), n_cases)
        found = rounded(numbers, n_cases)
    else:
        numbers = _numbers(text, ":", whole=False)
        if sum(numbers) not in _WHOLES:
            raise ConfigError(
                f"The ratios {text} add up to {float(sum(numbers)):g}; shares add up to 100 or to 1, as in 70:10:20."
            )
        found = rounded(numbers, n_cases)
    if 0 in found:
        raise DataError(f"{text} of {n_cases} cases leaves part {found.index(0) + 1} empty. Choose other shares.")
    return found


def rounded(shares: Sequence[Fraction | int], n_cases: int) -> tuple[int, ...]:
    """Return whole numbers in proportion to `shares` that add up to `n_cases`, by largest remainder."""
    exact = [Fraction(share) * n_cases / Fraction(sum(shares)) for share in shares]
    found = [int(number) for number in exact]
    order = sorted(range(len(exact)), key=lambda part: (found[part] - exact[part], part))
    for part in order[: n_cases - sum(found)]:
        found[part] += 1
    return tuple(found)


def _numbers(text: str, mark: str, *, whole: bool) -> list[Fraction]:
    words = [word.strip() for word in text.split(mark)]
    plain = all(word.replace(".", "", 0 if whole else 1).isdecimal() and word.isascii() for word in words)
    numbers = [Fraction(word) for word in words] if plain else []
    if len(numbers) not in (2, 3) or not all(numbers):
        raise ConfigError(
            f"--ratios {text}: expected two or three shares above 0 (70:30, 70:10:20) or counts (8016/1999)."
        )
    return numbers


def _other_number(text: str, asked: int, n_cases: int) -> DataError:
    wrong = (
        f"exceeds the {n_cases} cases there are" if asked > n_cases else f"leaves {n_cases - asked} of {n_cases} over"
    )
    return DataError(f"{text} asks for {asked} cases and {wrong}. Scale it to what is there with --scale.")
