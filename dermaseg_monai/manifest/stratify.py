"""Deal whole groups onto sides of given sizes so that every class has the same share on each."""

from collections import Counter
from collections.abc import Mapping, Sequence

from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.draw import draw_key
from dermaseg_monai.manifest.strata import Stratum


def deal(
    groups: Sequence[Sequence[Case]],
    sizes: Sequence[int],
    *,
    classes: Mapping[str, tuple[Stratum, ...]],
    seed: int,
) -> list[list[Case]]:
    """Return the cases of each side; a group goes onto one side as a whole.

    The largest groups come first, among equal ones those with the rarest class, then the order of `draw_key`. Each goes
    onto the side with room for it where it costs least: the sum over its classes c (and over all cases as one more
    class) of (n_c + g_c - t_c)² - (n_c - t_c)², divided by t_c, with n_c cases of the class there so far, g_c in the
    group and t_c the side's part of all cases of c. A group thus counts with every value it holds, mixed or not. Where
    no side has room, the one with the most takes it.

    Source: the greedy order of Sechidis et al. 2011, doi:10.1007/978-3-642-23808-6_10, for whole groups.
    """
    counted = [_classes(group, classes) for group in groups]
    whole = Counter[Stratum | None]()
    for held in counted:
        whole.update(held)
    rarest = [min(whole[stratum] for stratum in held) for held in counted]
    keys = [draw_key(min(case.id for case in group), seed=seed) for group in groups]
    order = sorted(range(len(groups)), key=lambda index: (-len(groups[index]), rarest[index], keys[index]))
    shares = [size / sum(sizes) for size in sizes]
    filled: list[Counter[Stratum | None]] = [Counter() for _ in sizes]
    sides: list[list[Case]] = [[] for _ in sizes]
    for index in order:
        group, held = groups[index], counted[index]
        room = [size - len(side) for size, side in zip(sizes, sides, strict=True)]
        fitting = [side for side in range(len(sizes)) if room[side] >= len(group)]
        if fitting:
            best = min(fitting, key=lambda side: (_cost(held, filled[side], whole, shares[side]), -room[side], side))
        else:
            best = max(range(len(sizes)), key=lambda side: (room[side], -side))
        filled[best].update(held)
        sides[best].extend(group)
    return sides


def _classes(group: Sequence[Case], classes: Mapping[str, tuple[Stratum, ...]]) -> Counter[Stratum | None]:
    held: Counter[Stratum | None] = Counter(stratum for case in group for stratum in classes.get(case.id, ()))
    held[None] = len(group)
    return held


def _cost(
    held: Counter[Stratum | None], filled: Counter[Stratum | None], whole: Counter[Stratum | None], share: float
) -> float:
    targets = {stratum: whole[stratum] * share for stratum in held}
    return sum(
        number * (2 * (filled[stratum] - targets[stratum]) + number) / targets[stratum]
        for stratum, number in held.items()
    )
