"""Which cases a senior reader should decide, and in which order."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from dermaseg_monai.agreement.case_digest import case_digest
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.manifest.moment import moment_of
from dermaseg_monai.metrics.spreadsheet import read_cells

NEEDS_DECISION: Final = ("low agreement", "no overlap", "empty", "full", "tiny")
"""Flags that bring a case into the queue; others (fragments, holes, border, copied) are told beside them."""

QUEUE_COLUMNS: Final = (
    "rank", "case_id", "malignant", "diagnosis", "priority", "disagreement", "uncertainty", "least_dice", "annotators",
    "flags", "digest",
)  # fmt: skip

QUEUE_FORMULA: Final = (
    "malignant cases first; then by priority = disagreement x (1 + uncertainty), disagreement = 1 - the least Dice of "
    "the case's pairs, uncertainty 0 where no network was asked; equal ones by case id"
)


def adjudication_queue(
    manifest: Manifest,
    dataset_dir: str | Path,
    study: str | Path,
    *,
    malignant: tuple[str, Sequence[str]] | None,
    uncertainty: Mapping[str, float],
) -> pd.DataFrame:
    """Return a row per case that needs a decision (`QUEUE_COLUMNS`), in the order of `QUEUE_FORMULA`.

    A case is in the queue that the study has flagged (`NEEDS_DECISION`), unless a senior has decided it already and no
    reader has drawn it since.

    Args:
        manifest: of the cases.
        dataset_dir: where its paths start.
        study: folder that `dermaseg agreement` wrote: pairs.csv and flags.csv.
        malignant: the attribute that holds the diagnosis, and its values that are malignant.
        uncertainty: case id to uncertainty of a network (`read_uncertainty`).

    Raises:
        DataError: no such study, or one of other cases.
        ConfigError: no case has a diagnosis that is called malignant.
        IntegrityError: a file of a case in the queue is not what the manifest says.
    """
    pairs, flags = (_read(Path(study) / name) for name in ("pairs.csv", "flags.csv"))
    cases = {case.id: case for case in manifest.cases}
    flagged = sorted(set(flags.loc[flags["flag"].isin(NEEDS_DECISION), "case_id"]))
    strange = [name for name in flagged if name not in cases]
    if strange:
        raise DataError(
            f"{study} is of other cases: {strange[0]} is not in {manifest.name}. Check --study, --manifest."
        )
    _require_diagnosis(manifest, malignant)
    # divided once: a look through the whole table for every case takes the square of their number
    none = pairs.iloc[:0]
    pairs_of, flags_of = ({str(name): rows for name, rows in table.groupby("case_id")} for table in (pairs, flags))
    rows = [
        _row(cases[name], pairs_of.get(name, none), flags_of[name], malignant, uncertainty)
        | {"digest": case_digest(cases[name], dataset_dir)}
        for name in flagged
        if not _is_decided(cases[name])
    ]
    table = pd.DataFrame(rows, columns=list(QUEUE_COLUMNS))
    table = table.sort_values(["malignant", "priority", "case_id"], ascending=[False, False, True], ignore_index=True)
    return table.assign(rank=range(1, len(table) + 1))


def read_queue(path: str | Path) -> dict[str, str]:
    """Return case id to digest of a queue that was written.

    Raises:
        DataError: it is no such table.
    """
    table = _read(Path(path))
    if "digest" not in table.columns:
        raise DataError(f"{path} is no queue: it has no column digest. Give the queue.csv that the tasks came with.")
    return {str(row["case_id"]): str(row["digest"]) for row in table.to_dict(orient="records")}


def _read(path: Path) -> pd.DataFrame:
    try:
        # an annotator may be called NA: only an empty cell is empty
        texts = dict.fromkeys(["case_id", "annotator_a", "annotator_b"], str)
        read = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])  # type: ignore[arg-type]
        table = read_cells(read)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table ({error}). Run `dermaseg agreement` first.") from error
    if "case_id" not in table.columns:
        raise DataError(f"{path} has no column case_id; it has {', '.join(table.columns)}.")
    return table


def _require_diagnosis(manifest: Manifest, malignant: tuple[str, Sequence[str]] | None) -> None:
    if malignant is None:
        return
    name, values = malignant
    known = {str(case.attributes[name]) for case in manifest.cases if case.attributes.get(name) is not None}
    unknown = [value for value in values if value not in known]
    if unknown or not values:
        there = ", ".join(sorted(known)) or "nothing"
        raise ConfigError(
            f"No case of {manifest.name} has {name} {unknown[0] if unknown else ''!r}; it holds {there}. "
            "Write --malignant 'ATTRIBUTE=VALUE,VALUE'."
        )


def _row(
    case: Case,
    pairs: pd.DataFrame,
    flags: pd.DataFrame,
    malignant: tuple[str, Sequence[str]] | None,
    uncertainty: Mapping[str, float],
) -> dict[str, object]:
    least = float(pairs["dice"].min()) if len(pairs) else None
    disagreement = 0.0 if least is None else 1 - least
    diagnosis = None if malignant is None else case.attributes.get(malignant[0])
    unsure = uncertainty.get(case.id)
    return {
        "case_id": case.id,
        "malignant": malignant is not None and str(diagnosis) in malignant[1],
        "diagnosis": diagnosis,
        "priority": round(disagreement * (1 + (unsure or 0.0)), 6),
        "disagreement": round(disagreement, 6),
        "uncertainty": None if unsure is None else round(unsure, 6),
        "least_dice": least,
        "annotators": ", ".join(sorted({*pairs["annotator_a"].astype(str), *pairs["annotator_b"].astype(str)})),
        "flags": ", ".join(dict.fromkeys(flags["flag"])),
    }


def _is_decided(case: Case) -> bool:
    decided = [moment_of(one.created_at) for one in case.annotations if one.role == "adjudicated"]
    drawn = [moment_of(one.created_at) for one in case.annotations if one.role == "reader"]
    return bool(decided) and (not drawn or max(decided) >= max(drawn))
