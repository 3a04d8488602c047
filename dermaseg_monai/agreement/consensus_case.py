"""The consensus of one case: read, decided, compared and written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np

from dermaseg_monai.agreement.case_masks import read_case_masks
from dermaseg_monai.agreement.consensus_methods import Mask, Share, soft_mean
from dermaseg_monai.agreement.consensus_rule import (
    OVERLAP,
    STAPLE,
    UNION,
    ConsensusRule,
    Estimate,
    consensus,
    every_consensus,
    soft_dice,
)
from dermaseg_monai.agreement.disagreement import vote_entropy
from dermaseg_monai.agreement.mask_facts import size_of
from dermaseg_monai.agreement.reading import ReadCase
from dermaseg_monai.agreement.tied_vote import TiedVoteError
from dermaseg_monai.agreement.unit import named_in, unit_of_spacing
from dermaseg_monai.errors import ConfigError, ImageError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import Picture, is_volume, read_image, write_mask, write_probability

BOTH_EMPTY: Final = 1.0
"""Two masks without a lesion agree."""

COLUMNS: Final = (
    "case_id", "readers", "annotators", "status", "area_px", "volume_mm3", "area_share", "contested_share",
    "mean_dice_to_readers", "nearest_reader", "dice_to_nearest", "staple_sensitivity", "staple_specificity", "warning",
    "detail",
)  # fmt: skip
"""Of cases.csv: area_px of pictures or volume_mm3 of volumes; `contested_share` is the part of all outlined pixels that
not every reader outlined."""

MASKS, PROBABILITIES, DISAGREEMENT = "masks", "probabilities", "disagreement"


@dataclass(frozen=True)
class Decided:
    """What came of a case.

    Attributes:
        row: of cases.csv (`COLUMNS`); its status is consensus, empty, one reader, tied or failed.
        alike: Dice between two methods, or a method and a reader: (one, other, whether the other is a reader, Dice).
        mask: path below the output folder and sha256; None without a consensus.
    """

    row: dict[str, Any]
    alike: tuple[tuple[str, str, bool, float], ...] = ()
    mask: tuple[str, str] | None = None


def decide(case: ReadCase, *, rule: ConsensusRule, out: Path, with_staple: bool) -> Decided:
    """Decide one case and write its mask, its probabilities (mean, weighted, STAPLE) and its disagreement map.

    Of a person who drew the case twice the first outline counts: a second vote would outvote somebody else.
    The map is the entropy of the votes in bits, 0 to 1, as 16-bit PNG like the probabilities. What is wrong with a case
    is said in its row; nothing of it is written then. A mask that one reader failed to give is no reason to take the
    consensus of the others.

    Raises:
        DataError: `out` cannot be written.
    """
    names = [reading.annotator for reading in case.voters]
    row: dict[str, Any] = {"case_id": case.id, "readers": len(names)}
    row["annotators"] = "; ".join(names)
    if len(names) < 2:  # noqa: PLR2004
        return Decided(row | {"status": "one reader", "detail": "a consensus needs two readers or more"})
    try:
        masks = read_masks(case)
        spacing = _geometry(case).spacing_mm
        estimate = consensus(masks, names, rule, spacing=spacing)
        others = every_consensus(masks, names, rule, spacing=spacing, with_staple=with_staple)
    except TiedVoteError as error:
        return Decided(row | {"status": "tied", "detail": str(error)})
    except (ImageError, ConfigError, MemoryError) as error:
        return Decided(row | {"status": "failed", "detail": str(error) or "there is not enough memory"})
    share = soft_mean(masks)
    path = _write(case, estimate, share, out)
    row |= _facts(estimate, share, masks, names)
    row |= {named_in(unit_of_spacing(spacing), "area_px"): size_of(int(np.count_nonzero(estimate.mask)), spacing)}
    row["warning"] = _warning(masks, names, others)
    return Decided(row, tuple(_alike(others, masks, names)), (path, sha256_of(out / path)))


def read_masks(case: ReadCase) -> list[Mask]:
    """Return a mask for each reader of a case, the first outline of each.

    Raises:
        ImageError: one cannot be read, or does not lie on the grid of the case (`read_case_masks`).
    """
    found = read_case_masks(replace(case, readings=case.voters))
    if found.failures:
        raise ImageError(found.failures[0].removeprefix(case.id).lstrip(",: "))
    return found.masks


def _geometry(case: ReadCase) -> Picture:
    place = case.readings[0].mask
    return read_image(place) if is_volume(place) else Picture(np.empty(0))


def _write(case: ReadCase, estimate: Estimate, share: Share, out: Path) -> str:
    volume = is_volume(case.readings[0].mask)
    like, name = (_geometry(case), f"{case.id}.nii.gz") if volume else (None, f"{case.id}.png")
    write_probability(out / DISAGREEMENT / name, vote_entropy(share), like=like)
    if estimate.probability is not None:
        write_probability(out / PROBABILITIES / name, estimate.probability, like=like)
    path = f"{MASKS}/{name}"
    write_mask(out / path, estimate.mask, like=like)
    return path


def _facts(estimate: Estimate, share: Share, masks: Sequence[Mask], names: Sequence[str]) -> dict[str, Any]:
    mask = estimate.mask
    area, outlined = int(np.count_nonzero(mask)), int(np.count_nonzero(share))
    near = [soft_dice(mask, one, both_empty=BOTH_EMPTY) for one in masks]
    nearest = int(np.argmax(near))
    found: dict[str, Any] = {
        "status": "consensus" if area else "empty",
        "area_share": area / mask.size,
    }
    found["contested_share"] = int(np.count_nonzero((share > 0) & (share < 1))) / outlined if outlined else 0.0
    found |= {"mean_dice_to_readers": float(np.mean(near)), "dice_to_nearest": near[nearest]}
    found["nearest_reader"] = names[nearest]
    if not area:
        drawn = sum(bool(one.any()) for one in masks)
        said = f"{drawn} of {len(near)} readers drew a lesion" if drawn else "no reader drew a lesion"
        found["detail"] = f"the consensus is empty although {said}" if drawn else f"the consensus is empty: {said}"
    if estimate.staple is not None and estimate.staple.sensitivity and estimate.staple.specificity:
        found["staple_sensitivity"] = _named(names, estimate.staple.sensitivity)
        found["staple_specificity"] = _named(names, estimate.staple.specificity)
    return found


def _warning(masks: Sequence[Mask], names: Sequence[str], others: dict[str, Mask | Share]) -> str:
    """Say what a consensus of two is worth, and which of its four possible answers STAPLE gave."""
    if len(masks) != 2 or np.array_equal(*masks):  # noqa: PLR2004
        return ""
    said = "two readers: no majority where they differ, the rule decides"
    if STAPLE not in others:
        return said
    answers = {"the union": others[UNION], "the overlap": others[OVERLAP]}
    answers = {f"the outline of {name}": mask for name, mask in zip(names, masks, strict=True)} | answers
    given = [answer for answer, mask in answers.items() if np.array_equal(mask, others[STAPLE])]
    return f"{said}; STAPLE is {given[0]}" if given else said


def _alike(
    others: dict[str, Mask | Share], masks: Sequence[Mask], names: Sequence[str]
) -> Sequence[tuple[str, str, bool, float]]:
    found = [
        (one, other, False, soft_dice(others[one], others[other], both_empty=BOTH_EMPTY))
        for one, other in combinations(others, 2)
    ]
    found += [
        (method, name, True, soft_dice(estimate, mask, both_empty=BOTH_EMPTY))
        for method, estimate in others.items()
        for name, mask in zip(names, masks, strict=True)
    ]
    return found


def _named(annotators: Sequence[str], values: Sequence[float]) -> str:
    return "; ".join(f"{name} {value:.4f}" for name, value in zip(annotators, values, strict=True))
