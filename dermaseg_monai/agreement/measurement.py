"""Every pair of outlines of every case, measured by several processes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pandas as pd

from dermaseg_monai.agreement.case_masks import read_case_masks
from dermaseg_monai.agreement.case_readers import ERROR_COLUMNS, CaseReaders, compare_readers
from dermaseg_monai.agreement.mask_facts import MASK_COLUMNS, mask_facts
from dermaseg_monai.agreement.outline_bias import BIAS_COLUMNS
from dermaseg_monai.agreement.pair_score import score_pairs
from dermaseg_monai.agreement.pair_table import pair_columns
from dermaseg_monai.agreement.reading import ReadCase, Reading
from dermaseg_monai.agreement.unit import named_in, tolerance_in, unit_of
from dermaseg_monai.agreement.vote_patterns import VotePatterns
from dermaseg_monai.agreement.votes import VOTE_COLUMNS, Votes, count_votes
from dermaseg_monai.manifest.processes import DIED, results_of

_OF_THE_FIRST: Final = ("area_a_px", "volume_a_mm3", "voxels_a")
_WORTH_A_PROCESS: Final = 64
"""Cases; starting a process costs about as much as these."""


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        pairs: a row per pair (`PAIR_COLUMNS`).
        masks: a row per outline (`MASK_COLUMNS`, then `BIAS_COLUMNS` against the other readers of its case).
        failures: why an outline takes no part, one line each; everything else of its case does.
        votes: how many readers call how many pixels lesion; None where no band was asked for.
        errors: a row per error of an outline (`ERROR_COLUMNS`).
        patterns: the votes of the readers of every case with two outlines, for STAPLE.
    """

    pairs: pd.DataFrame
    masks: pd.DataFrame
    failures: tuple[str, ...]
    votes: Votes | None
    errors: pd.DataFrame
    patterns: tuple[VotePatterns, ...]

    def only(self, case_ids: Collection[str]) -> "Measured":
        """Return what belongs to these cases; the failures stay."""
        pairs, masks, errors = (
            table[table["case_id"].isin(case_ids)].reset_index(drop=True)
            for table in (self.pairs, self.masks, self.errors)
        )
        votes = None if self.votes is None else self.votes.of_cases(sorted(case_ids))
        patterns = tuple(one for one in self.patterns if one.case_id in case_ids)
        return Measured(pairs, masks, self.failures, votes, errors, patterns)


def no_masks(pairs: pd.DataFrame) -> Measured:
    """Return pairs that were computed elsewhere, with nothing known of their outlines."""
    masks, errors = (pd.DataFrame(columns=list(names)) for names in ([*MASK_COLUMNS, *BIAS_COLUMNS], ERROR_COLUMNS))
    return Measured(pairs, masks, (), None, errors, ())


def measure(
    cases: Sequence[ReadCase],
    *,
    both_empty: float,
    tolerance_px: float | None = None,
    tolerance_mm: float | None = None,
    surface: bool = True,
    band_diameters: float | None = None,
    workers: int | None = None,
) -> Measured:
    """Read every outline once and score every pair of each case.

    Only the masks of the cases in work are in memory. Cases with one reading give their mask's facts and no pair. The
    outlines of a case that lie on another grid than the others are failures (`read_case_masks`), and so is a case over
    which its process dies. Pictures are measured in pixels, volumes in mm by the affine of their files.

    Args:
        cases: who drew what.
        tolerance_px: of surface Dice, for pictures.
        tolerance_mm: the same for volumes.
        both_empty: what two empty masks score (see `score_pairs`).
        surface: whether the contour scores are wanted.
        band_diameters: width of the band on which votes are counted (see `count_votes`); None counts none.
        workers: processes; all usable cores when None, and this one alone for a few cases.

    Raises:
        DataError: some outlines are pictures and some volumes.
        ConfigError: the tolerance is not in their unit.
    """
    unit = unit_of(cases)
    tolerance = tolerance_in(unit, tolerance_px=tolerance_px, tolerance_mm=tolerance_mm) if surface else 0.0
    work = partial(
        measure_case, tolerance=tolerance, both_empty=both_empty, surface=surface, band_diameters=band_diameters
    )
    pairs: list[dict[str, Any]] = []
    masks: list[dict[str, Any]] = []
    failures: list[str] = []
    votes: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    patterns: list[VotePatterns] = []
    found = results_of(work, cases, title="Measuring", workers=workers, worth=_WORTH_A_PROCESS)
    for case, result in zip(cases, found, strict=True):
        if result is None:
            failures.append(f"{case.id}: {DIED}, so it takes no part")
            continue
        case_pairs, case_masks, case_failures, case_votes, readers = result
        pairs += case_pairs
        masks += case_masks
        failures += case_failures
        votes += case_votes
        errors += readers.errors
        patterns += [readers.votes] if readers.votes is not None else []
    return Measured(
        pd.DataFrame(pairs, columns=pair_columns(unit, surface=surface)),
        pd.DataFrame(masks, columns=[named_in(unit, name) for name in (*MASK_COLUMNS, *BIAS_COLUMNS)]),
        tuple(failures),
        None if band_diameters is None else Votes(pd.DataFrame(votes, columns=list(VOTE_COLUMNS)), band_diameters),
        pd.DataFrame(errors, columns=list(ERROR_COLUMNS)),
        tuple(patterns),
    )


def measure_case(
    case: ReadCase, *, tolerance: float, both_empty: float, surface: bool, band_diameters: float | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str], list[dict[str, Any]], CaseReaders]:
    """Return the rows of the pairs and of the masks of one case, what failed, the rows of votes, and who drew how."""
    read = read_case_masks(case)
    readings, masks, spacing_mm = read.readings, read.masks, read.spacing_mm
    scores = score_pairs(
        masks,
        tolerance_px=tolerance if spacing_mm is None else None,
        tolerance_mm=tolerance if spacing_mm is not None else None,
        both_empty=both_empty,
        spacing_mm=spacing_mm,
        surface=surface,
    )
    pairs = [_pair_row(case, readings[a], readings[b], dict(row)) for (a, b), row in scores.items()]
    who = [reading.annotator for reading in readings]
    readers = compare_readers(case.id, who, masks, both_empty=both_empty, spacing_mm=spacing_mm)
    facts = [
        {"case_id": case.id, "annotator": reading.annotator, "tool": reading.tool, "skill": reading.skill}
        | {"created_at": reading.created_at, "path": str(reading.mask)}
        | mask_facts(mask, spacing_mm=spacing_mm)
        | bias
        for reading, mask, bias in zip(readings, masks, readers.bias, strict=True)
    ]
    votes: list[dict[str, Any]] = []
    if band_diameters is not None:
        votes = count_votes(case.id, who, masks, band_diameters=band_diameters, spacing_mm=spacing_mm)
    for row in readers.errors:
        row["path"] = str(readings[row["outline"]].mask)
    return pairs, facts, list(read.failures), votes, readers


def _pair_row(case: ReadCase, one: Reading, other: Reading, scores: dict[str, Any]) -> dict[str, Any]:
    # the pair (x, y) is the pair (y, x): names in alphabetical order, so that it is one row of a table of pairs
    if (other.annotator, str(other.mask)) < (one.annotator, str(one.mask)):
        one, other = other, one
        for name in [name for name in scores if name in _OF_THE_FIRST]:
            twin = name.replace("_a", "_b")
            scores[name], scores[twin] = scores[twin], scores[name]
    who = {"case_id": case.id, "group": case.group}
    for side, reading in (("a", one), ("b", other)):
        who |= {f"annotator_{side}": reading.annotator, f"tool_{side}": reading.tool, f"skill_{side}": reading.skill}
    return who | scores
