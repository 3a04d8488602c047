"""Tables of pairs: ours, and those that others have computed."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from dermaseg_monai.agreement.unit import Unit, named_in, unit_of_columns
from dermaseg_monai.cells import plain_cell
from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.table import image_id, join_tables
from dermaseg_monai.metrics import ISIC_THRESHOLD
from dermaseg_monai.metrics.spreadsheet import read_cells

logger = logging.getLogger(__name__)

PAIR_COLUMNS: Final = (
    "case_id", "group", "annotator_a", "tool_a", "skill_a", "annotator_b", "tool_b", "skill_b",
    "dice", "jaccard", "threshold_jaccard", "hd95_px", "assd_px", "surface_dice", "area_a_px", "area_b_px",
)  # fmt: skip
"""The columns of a table of pairs, a row for each two outlines of one case; a table of others may lack some.

Of volumes they are named as `named_in` says, and volume_difference_mm3, voxels_a and voxels_b follow."""

DIFFERENCE: Final = "volume_difference_mm3"

_OTHER_NAMES: Final = {
    # IMA++ (sfu-mial/IMAplusplus), whose surface distances are medpy's: one percentile of both directions together
    "img_id": "case_id", "annotator1": "annotator_a", "annotator2": "annotator_b", "tool1": "tool_a", "tool2": "tool_b",
    "skill_level1": "skill_a", "skill_level2": "skill_b", "dice_score": "dice", "jaccard_score": "jaccard",
    "hd95_score": "hd95_px", "assd_score": "assd_px",
}  # fmt: skip
_CONTOUR: Final = ("hd95_px", "assd_px", "surface_dice")
_WHO: Final = ("case_id", "annotator_a", "annotator_b")
_NEEDED: Final = (*_WHO, "dice")
_SCORES: Final = (
    "dice", "jaccard", "threshold_jaccard", "hd95_px", "assd_px", "hd95_mm", "assd_mm", "surface_dice",
    DIFFERENCE,
)  # fmt: skip
_TEXTS: Final = (*_WHO, "group", "tool_a", "tool_b", "skill_a", "skill_b")


def pair_columns(unit: Unit, *, surface: bool = True) -> list[str]:
    """Return the columns of pairs of this unit; without `surface` those that need no contour."""
    names = [named_in(unit, name) for name in PAIR_COLUMNS if surface or name not in _CONTOUR]
    return [*names, DIFFERENCE, "voxels_a", "voxels_b"] if unit == "mm" else names


def read_pairs(path: str | Path, *, leave_out: Sequence[str] = ()) -> tuple[pd.DataFrame, int]:
    """Return a table of pairs that were computed elsewhere, and how many of its rows were left out.

    Columns have our names or those of IMA++. Jaccard that is not there follows from Dice, D / (2 - D), and threshold
    Jaccard from Jaccard; both are exact for a pair.

    Args:
        path: CSV.
        leave_out: annotators who are not people, such as consensus masks: `ST`, `MV`.

    Raises:
        DataError: no such file, columns that are missing, a row without case, annotator or a score, a Dice outside
            [0, 1], or no pair left.
    """
    source = Path(path)
    texts = dict.fromkeys([*_TEXTS, *(theirs for theirs, ours in _OTHER_NAMES.items() if ours in _TEXTS)], str)
    try:
        # an annotator may be called NA: only an empty cell is empty
        table = read_cells(pd.read_csv(source, dtype=texts, keep_default_na=False, na_values=[""]))  # type: ignore[arg-type]
    except FileNotFoundError as error:
        raise DataError(f"There is no table {source}. Check --pairs.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{source} cannot be read as a CSV table ({error}). Check --pairs.") from error
    columns = list(table.columns)
    table = table.rename(columns=_OTHER_NAMES)
    missing = [name for name in _NEEDED if name not in table.columns]
    if missing:
        raise DataError(f"{source} has no column {', '.join(missing)}; it has {', '.join(columns)}.")
    people = ~(table["annotator_a"].isin(leave_out) | table["annotator_b"].isin(leave_out))
    kept = table[people].copy()
    if kept.empty:
        raise DataError(f"{source} has no pair of two people left of {len(table)}. Check --leave-out.")
    for name in (name for name in (*_WHO, *_SCORES) if name in kept):
        kept[name] = _filled(source, kept, name)
    wrong = kept[~kept["dice"].between(0, 1)]
    if len(wrong):
        row = wrong.iloc[0]
        raise DataError(f"{source}: Dice of {row['case_id']} is {row['dice']}; it lies in [0, 1]. Correct the table.")
    kept["case_id"] = [image_id(name) for name in kept["case_id"]]
    if "jaccard" not in kept:
        kept["jaccard"] = kept["dice"] / (2 - kept["dice"])
    if "threshold_jaccard" not in kept:
        kept["threshold_jaccard"] = kept["jaccard"].where(kept["jaccard"] >= ISIC_THRESHOLD, 0.0)
    if "group" not in kept:
        kept["group"] = None
    order = [name for name in pair_columns(unit_of_columns(kept)) if name in kept.columns]
    return _in_order(kept)[order].reset_index(drop=True), int((~people).sum())


def with_attributes(
    pairs: pd.DataFrame,
    tables: Sequence[str | Path],
    *,
    id_column: str,
    attributes: Sequence[str],
    group_column: str | None,
) -> pd.DataFrame:
    """Return pairs with columns of other tables: attributes of the case, and its group (patient or lesion).

    A case for which the tables name no group keeps the one that it has.

    Raises:
        DataError: what `join_tables` finds wrong, a column that is not there, or tables that know none of the cases.
    """
    table = join_tables(tables, id_column=id_column)
    table.require([*attributes, group_column])
    ids = list(dict.fromkeys(pairs["case_id"]))
    if lacking := [case_id for case_id in ids if case_id not in table.rows]:
        rows = f"{table.source} has no row for {len(lacking)} of {len(ids)} cases, first {lacking[0]}"
        if len(lacking) == len(ids):
            raise DataError(f"{rows}; its first {id_column} is {next(iter(table.rows), None)!r}. Check --id-column.")
        logger.warning("%s: nothing is known of them.", rows)
    found = pairs.copy()
    for name in attributes:
        found[name] = [table.cell(case_id, name) for case_id in pairs["case_id"]]
    if group_column is not None:
        named = [table.identity(case_id, group_column) for case_id in pairs["case_id"]]
        found["group"] = [one or own for one, own in zip(named, pairs["group"], strict=True)]
    return found


def only_cases(pairs: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """Return the pairs of the cases that a file names: an id per line, or a CSV whose first column holds them.

    Raises:
        DataError: the file cannot be read, or names no case with a pair.
    """
    source = Path(path)
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read the list of cases {source}: {error}. Check --cases.") from error
    wanted = {image_id(plain_cell(line.split(",", 1)[0].strip())) for line in lines if line.strip()}
    kept = pairs[[case_id in wanted for case_id in pairs["case_id"]]]
    if kept.empty:
        raise DataError(f"No pair is of a case in {source}; its first line is {lines[0] if lines else ''!r}.")
    return kept.reset_index(drop=True)


def _filled(source: Path, table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of which every cell is needed; a score as numbers."""
    column = table[name]
    values = column if name in _WHO else pd.to_numeric(column, errors="coerce")
    lacking = column[values.isna() | values.isin([float("inf"), -float("inf")])]
    if len(lacking):
        line = int(lacking.index[0]) + 2  # after the header, counted from 1
        found = "empty" if pd.isna(lacking.iloc[0]) else lacking.iloc[0]
        raise DataError(
            f"{source}: {len(lacking)} of {len(table)} pairs have no usable {name}, first in line {line} ({found}). "
            "Fill it in, or take out the rows or, if it is not needed, the column."
        )
    return values


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    # the pair (x, y) is the pair (y, x)
    swap = table["annotator_a"].astype(str) > table["annotator_b"].astype(str)
    for name, end in (
        ("annotator", ""),
        ("tool", ""),
        ("skill", ""),
        ("area", "_px"),
        ("volume", "_mm3"),
        ("voxels", ""),
    ):
        one, other = (f"{name}_{side}{end}" for side in "ab")
        if one in table and other in table:
            left, right = table[one].where(~swap, table[other]), table[other].where(~swap, table[one])
            table[one], table[other] = left, right
    return table
