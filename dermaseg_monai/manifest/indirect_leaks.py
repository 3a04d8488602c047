"""Two cases of one lesion or patient that nothing ties but a third case."""

from collections.abc import Sequence

from dermaseg_monai.manifest.leaks import Leak, find_leaks, leak_error
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.ties import Holder, Ties, through


def find_indirect_leaks(*manifests: Manifest, pictures: Sequence[Leak] = ()) -> list[Leak]:
    """Return what train, val and test share through other cases alone, `excluded` ones too; one leak per group.

    One case shares its lesion with a second one, and that one its patient with a third: the first and the third show
    one person. The leak names the cases that share nothing with a split of their group directly, and the nearest
    case of such a split; its value says through which cases.

    Args:
        manifests: of the sets that are compared.
        pictures: pairs of nearly the same picture (`find_near_ties`), which tie cases as a lesion does.
    """
    ties = Ties(manifests, pictures)
    found = (_indirect(ties, group) for group in ties.groups())
    return [leak for leak in found if leak is not None]


def require_no_leaks(*manifests: Manifest, allow_leaks: bool) -> None:
    """Return when nothing leaks, directly or through others, or when `allow_leaks` says that it may.

    Raises:
        LeakError: how many leaks, the first of them, and what to do.
    """
    leaks = [] if allow_leaks else [*find_leaks(*manifests), *find_indirect_leaks(*manifests)]
    if leaks:
        raise leak_error(leaks, ", ".join(manifest.name for manifest in manifests))


def _indirect(ties: Ties, group: Sequence[Holder]) -> Leak | None:
    held = [holder for holder in group if holder[2] != "excluded"]
    splits = {split for _, _, split in held}
    if len(splits) < 2:  # noqa: PLR2004 (one side shares with no other)
        return None
    apart = [holder for holder in held if splits - ties.splits_beside(holder)]
    if not apart:
        return None
    steps = ties.reached(apart[:1])
    wanted = splits - ties.splits_beside(apart[0])
    nearest = next(holder for holder in steps if holder[2] in wanted)
    names, case_ids, sides = zip(*dict.fromkeys([*apart, nearest]), strict=True)
    return Leak("indirect", through(steps, nearest)[1], case_ids, sides, names)
