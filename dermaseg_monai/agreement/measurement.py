"""Every pair of outlines of every case, measured by several processes."""

import multiprocessing
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from dermaseg_monai.agreement.case_readers import ERROR_COLUMNS, CaseReaders, compare_readers
from dermaseg_monai.agreement.mask_facts import MASK_COLUMNS, mask_facts
from dermaseg_monai.agreement.outline_bias import BIAS_COLUMNS
from dermaseg_monai.agreement.pair_score import score_pairs
from dermaseg_monai.agreement.pair_table import PAIR_COLUMNS
from dermaseg_monai.agreement.reading import ReadCase, Reading
from dermaseg_monai.agreement.vote_patterns import VotePatterns
from dermaseg_monai.agreement.votes import VOTE_COLUMNS, Votes, count_votes
from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import read_mask

_CHUNK: Final = 16
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
    tolerance_px: float,
    both_empty: float,
    surface: bool = True,
    band_diameters: float | None = None,
    workers: int | None = None,
) -> Measured:
    """Read every outline once and score every pair of each case.

    Only the masks of the cases in work are in memory. Cases with one reading give their mask's facts and no pair. The
    outlines of a case that lie on another grid than the first readable one are failures.

    Args:
        cases: who drew what.
        tolerance_px: of surface Dice.
        both_empty: what two empty masks score (see `score_pairs`).
        surface: whether the contour scores are wanted.
        band_diameters: width of the band on which votes are counted (see `count_votes`); None counts none.
        workers: processes; all cores when None, and this one alone for a few cases.
    """
    work = partial(
        measure_case, tolerance_px=tolerance_px, both_empty=both_empty, surface=surface, band_diameters=band_diameters
    )
    pairs: list[dict[str, Any]] = []
    masks: list[dict[str, Any]] = []
    failures: list[str] = []
    votes: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    patterns: list[VotePatterns] = []
    for case_pairs, case_masks, case_failures, case_votes, readers in _results(work, cases, workers):
        pairs += case_pairs
        masks += case_masks
        failures += case_failures
        votes += case_votes
        errors += readers.errors
        patterns += [readers.votes] if readers.votes is not None else []
    columns = [name for name in PAIR_COLUMNS if surface or name not in {"hd95_px", "assd_px", "surface_dice"}]
    return Measured(
        pd.DataFrame(pairs, columns=columns),
        pd.DataFrame(masks, columns=[*MASK_COLUMNS, *BIAS_COLUMNS]),
        tuple(failures),
        None if band_diameters is None else Votes(pd.DataFrame(votes, columns=list(VOTE_COLUMNS)), band_diameters),
        pd.DataFrame(errors, columns=list(ERROR_COLUMNS)),
        tuple(patterns),
    )


def measure_case(
    case: ReadCase, *, tolerance_px: float, both_empty: float, surface: bool, band_diameters: float | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str], list[dict[str, Any]], CaseReaders]:
    """Return the rows of the pairs and of the masks of one case, what failed, the rows of votes, and who drew how."""
    readings: list[Reading] = []
    masks: list[np.ndarray] = []
    failures: list[str] = []
    for reading in case.readings:
        try:
            mask = read_mask(reading.mask)
        except ImageError as error:
            # by its name alone: the line stands on the page, which is passed on
            why = str(error).replace(str(reading.mask), reading.mask.name)
            failures.append(f"{case.id}, {reading.annotator}: {why}")
            continue
        if masks and mask.shape != masks[0].shape:
            failures.append(
                f"{case.id}: the mask of {reading.annotator} is {_size(mask)}, that of {readings[0].annotator} "
                f"{_size(masks[0])} ({reading.mask.name}). Outlines of one case need one grid."
            )
            continue
        readings.append(reading)
        masks.append(mask)
    scores = score_pairs(masks, tolerance_px=tolerance_px, both_empty=both_empty, surface=surface)
    pairs = [_pair_row(case, readings[a], readings[b], dict(row)) for (a, b), row in scores.items()]
    who = [reading.annotator for reading in readings]
    readers = compare_readers(case.id, who, masks, both_empty=both_empty)
    facts = [
        {"case_id": case.id, "annotator": reading.annotator, "tool": reading.tool, "skill": reading.skill}
        | {"created_at": reading.created_at, "path": str(reading.mask)}
        | mask_facts(mask)
        | bias
        for reading, mask, bias in zip(readings, masks, readers.bias, strict=True)
    ]
    votes = [] if band_diameters is None else count_votes(case.id, who, masks, band_diameters=band_diameters)
    for row in readers.errors:
        row["path"] = str(readings[row["outline"]].mask)
    return pairs, facts, failures, votes, readers


def _pair_row(case: ReadCase, one: Reading, other: Reading, scores: dict[str, Any]) -> dict[str, Any]:
    # the pair (x, y) is the pair (y, x): names in alphabetical order, so that it is one row of a table of pairs
    if (other.annotator, str(other.mask)) < (one.annotator, str(one.mask)):
        one, other = other, one
        scores["area_a_px"], scores["area_b_px"] = scores["area_b_px"], scores["area_a_px"]
    who = {"case_id": case.id, "group": case.group}
    for side, reading in (("a", one), ("b", other)):
        who |= {f"annotator_{side}": reading.annotator, f"tool_{side}": reading.tool, f"skill_{side}": reading.skill}
    return who | scores


def _results(work: Any, cases: Sequence[ReadCase], workers: int | None) -> Iterator[Any]:  # noqa: ANN401 (a partial)
    console = Console(stderr=True)
    count = min(workers or os.cpu_count() or 1, max(1, len(cases) // _WORTH_A_PROCESS))
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        if count == 1:
            yield from bar.track(map(work, cases), total=len(cases), description="Measuring")
            return
        with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
            found = pool.map(work, cases, chunksize=_CHUNK)
            yield from bar.track(found, total=len(cases), description="Measuring")


def _size(mask: np.ndarray) -> str:
    return " x ".join(map(str, mask.shape))
