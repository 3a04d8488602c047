"""Outlines that a pattern would leave out because their files end otherwise than it says."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.reader_masks import ReaderMask, reader_masks, split_ending


def left_outlines(folder: Path, others: Sequence[Path], pattern: str, taken: Sequence[ReaderMask]) -> list[ReaderMask]:
    """Return the outlines among `others` that only the ending of the pattern keeps out.

    These are files of a reader of whom nothing was taken, or of a case that somebody else outlined. What was taken
    from the same reader under another ending is there already, and a picture of no case, as a preview, is no outline.

    Args:
        folder: where the pattern starts.
        others: files that do not fit.
        pattern: with an ending, as `{annotator}/{case}.png`; without one nothing can be kept out by it.
        taken: what fits.
    """
    stem, ending = split_ending(pattern)
    if not ending:
        return []
    drawn = {split_ending(one.path.as_posix())[0] for one in taken}
    known, people = {one.case_id for one in taken}, {one.annotator for one in taken}
    apart = [path for path in others if split_ending(path.as_posix())[0] not in drawn]
    by_stem = {split_ending(path.as_posix())[0]: path for path in apart}  # one file of each outline is enough
    fitting = reader_masks(folder, sorted(by_stem.values()), stem)[0]
    return [one for one in fitting if one.annotator not in people or one.case_id in known]


def require_endings(
    folder: Path, others: Sequence[Path], pattern: str, taken: Sequence[ReaderMask], *, option: str, otherwise: str
) -> None:
    """Return where the ending of a pattern leaves out no outline (`left_outlines`).

    Args:
        folder: where the pattern starts.
        others: files that do not fit.
        pattern: as it was given with `option`.
        taken: what fits.
        option: that gave the pattern.
        otherwise: what to do where the files are no outlines.

    Raises:
        DataError: it does; says of whom, how many, how they end, and which pattern takes them.
    """
    left = left_outlines(folder, others, pattern, taken)
    if not left:
        return
    people = {one.annotator for one in taken}
    named = ", ".join(_of_one(name, left, people) for name in sorted({one.annotator for one in left}))
    stem, ending = split_ending(pattern)
    raise DataError(
        f"{option} {pattern!r} takes {ending} only and would leave out {len(left)} outlines that end otherwise: "
        f"{named}; first {left[0].path.relative_to(folder).as_posix()}. Take every type of image with "
        f"{option} {stem!r}. {otherwise}"
    )


def _of_one(name: str, left: Sequence[ReaderMask], people: Collection[str]) -> str:
    endings = Counter(split_ending(one.path.name)[1] for one in left if one.annotator == name)
    counted = ", ".join(f"{count} {ending}" for ending, count in endings.items())
    return f"{'some' if name in people else 'all'} of {name} ({counted})"
