"""Every pair of outlines of every case, measured by several processes."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from dermaseg_monai.agreement.mask_facts import MASK_COLUMNS, mask_facts
from dermaseg_monai.agreement.pair_score import score_pairs
from dermaseg_monai.agreement.pair_table import PAIR_COLUMNS
from dermaseg_monai.agreement.reading import ReadCase, Reading
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
        masks: a row per outline (`MASK_COLUMNS`).
        failures: why an outline takes no part, one line each; everything else of its case does.
        votes: how many readers call how many pixels lesion; None where no band was asked for.
    """

    pairs: pd.DataFrame
    masks: pd.DataFrame
    failures: tuple[str, ...]
    votes: Votes | None


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
    for case_pairs, case_masks, case_failures, case_votes in _results(work, cases, workers):
        pairs += case_pairs
        masks += case_masks
        failures += case_failures
        votes += case_votes
    columns = [name for name in PAIR_COLUMNS if surface or name not in {"hd95_px", "assd_px", "surface_dice"}]
    return Measured(
        pd.DataFrame(pairs, columns=columns),
        pd.DataFrame(masks, columns=list(MASK_COLUMNS)),
        tuple(failures),
        None if band_diameters is None else Votes(pd.DataFrame(votes, columns=list(VOTE_COLUMNS)), band_diameters),
    )


def measure_case(
    case: ReadCase, *, tolerance_px: float, both_empty: float, surface: bool, band_diameters: float | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str], list[dict[str, Any]]]:
    """Return the rows of the pairs and of the masks of one case, what failed, and the rows of votes."""
    readings: list[Reading] = []
    masks: list[np.ndarray] = []
    failures: list[str] = []
    for reading in case.readings:
        try:
            mask = read_mask(reading.mask)
        except ImageError as error:
            failures.append(f"{case.id}, {reading.annotator}: {error}")
            continue
        if masks and mask.shape != masks[0].shape:
            failures.append(
                f"{case.id}: the mask of {reading.annotator} is {_size(mask)}, that of {readings[0].annotator} "
                f"{_size(masks[0])} ({reading.mask}). Outlines of one case need one grid."
            )
            continue
        readings.append(reading)
        masks.append(mask)
    scores = score_pairs(masks, tolerance_px=tolerance_px, both_empty=both_empty, surface=surface)
    pairs = [_pair_row(case, readings[a], readings[b], dict(row)) for (a, b), row in scores.items()]
    facts = [
        {"case_id": case.id, "annotator": reading.annotator, "tool": reading.tool, "skill": reading.skill}
        | {"created_at": reading.created_at, "path": str(reading.mask)}
        | mask_facts(mask)
        for reading, mask in zip(readings, masks, strict=True)
    ]
    who = [reading.annotator for reading in readings]
    votes = [] if band_diameters is None else count_votes(case.id, who, masks, band_diameters=band_diameters)
    return pairs, facts, failures, votes


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
