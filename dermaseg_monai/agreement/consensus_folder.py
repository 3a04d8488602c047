"""The consensus of a whole data set in a folder: masks, maps, tables, and a manifest that names the masks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from dermaseg_monai.agreement.annotator_weights import pooled_weights, read_weights
from dermaseg_monai.agreement.consensus_batch import count_all, decide_all
from dermaseg_monai.agreement.consensus_case import COLUMNS, Decided
from dermaseg_monai.agreement.consensus_methods import Tie
from dermaseg_monai.agreement.consensus_rule import ConsensusRule, Method
from dermaseg_monai.agreement.consensus_summary import comparison_table, summary_notes, summary_tables
from dermaseg_monai.agreement.reading import ReadCase, readings_of_manifest
from dermaseg_monai.agreement.staple_consensus import has_staple, require_staple
from dermaseg_monai.errors import DataError, install_extra
from dermaseg_monai.files import make_folder, write_json, write_text
from dermaseg_monai.manifest import Annotation, Case, Manifest, common_folder
from dermaseg_monai.manifest.data_path import existing_dir
from dermaseg_monai.manifest.moved import moved
from dermaseg_monai.metrics.spreadsheet import write_table

MANIFEST: Final = "manifest.json"
POOLED: Final = "pooled"
"""Given for the table of weights: count them on the data set itself."""

_TOOL: Final = "dermaseg agreement consensus"
_LINES: Final = {"tied": "Undecided", "failed": "Failed", "empty": "Empty"}


@dataclass(frozen=True)
class ConsensusFolder:
    """What was written.

    Attributes:
        text: the summary for a terminal.
        manifest: the new manifest; None when no case has a consensus that is not empty.
        dataset_dir: the folder from which its paths start.
        complaints: one line per case that is undecided, failed or empty.
        n_failures: undecided and failed cases.
    """

    text: str
    manifest: Path | None
    dataset_dir: Path
    complaints: tuple[str, ...]
    n_failures: int


def write_consensus(
    manifest: Manifest,
    dataset_dir: str | Path,
    out: str | Path,
    *,
    method: Method,
    tie: Tie,
    weights: str | Path | None,
    workers: int | None = None,
) -> ConsensusFolder:
    """Decide every case that two people or more drew and write what came of it below `out`.

    masks/ID.png (0 and 255), probabilities/ID.png (mean, weighted, staple: 16 bit, value / 65535), disagreement/ID.png
    (entropy of the votes in bits, likewise), cases.csv, comparison.csv, weights.csv (weighted), summary.md,
    summary.json, and manifest.json: the same cases, with the consensus as one more annotation of role `consensus`. The
    reference of a case stays what it was, its newest `adjudicated` or else `reference` mask; a consensus never is one.
    Paths of the new manifest start from the nearest folder that holds both the data and `out`.

    Args:
        manifest: with several annotations per case; see `readings_of_manifest` for whose count. It is not changed.
        dataset_dir: folder of its files.
        out: folder without a manifest.
        method: majority, staple, mean, shape or weighted.
        tie: what half of the votes mean.
        weights: for weighted, a CSV (`read_weights`) or `pooled` (`pooled_weights`).
        workers: processes; one per usable core by default.

    Raises:
        ConfigError: weighted without weights, another method with them, or an annotator without a weight.
        DataError: there is a manifest in `out`, no case has two readings, or nothing can be written.
        MissingExtraError: staple without SimpleITK.
    """
    source, folder = existing_dir(dataset_dir), Path(out).expanduser().absolute()
    base = _common_folder(source, folder)
    if (folder / MANIFEST).exists():
        raise DataError(f"{folder / MANIFEST} is there already and is never overwritten. Choose another --out.")
    if method == "staple":
        require_staple()
    cases = readings_of_manifest(manifest, source)
    rule = _rule(method, tie, weights, cases, folder, workers=workers)
    make_folder(folder)
    decided = decide_all(cases, rule, folder, with_staple=has_staple(), workers=workers)
    text = _write_tables(folder, decided, rule)
    new = _with_consensus(manifest, decided, rule, source=source, folder=folder, base=base)
    if new is not None:
        new.save(folder / MANIFEST)
    rows = [one.row for one in decided]
    return ConsensusFolder(
        text,
        None if new is None else folder / MANIFEST,
        base,
        tuple(f"{_LINES[row['status']]}: {row['case_id']}: {row['detail']}" for row in rows if row["status"] in _LINES),
        sum(row["status"] in {"tied", "failed"} for row in rows),
    )


def _common_folder(source: Path, folder: Path) -> Path:
    base = common_folder([source, folder])
    if base == Path(base.anchor):
        raise DataError(
            f"--out {folder} and the data in {source} share no folder, and a manifest names files below one folder. "
            f"Choose an --out beside or below the data, such as {source.parent / 'consensus'}."
        )
    return base


def _rule(
    method: Method, tie: Tie, weights: str | Path | None, cases: Sequence[ReadCase], folder: Path, *,
    workers: int | None,
) -> ConsensusRule:  # fmt: skip
    if method != "weighted" or weights is None:
        return ConsensusRule(method, tie, None if weights is None else {})
    path = Path(weights)
    if str(weights) == POOLED:
        path = folder / "weights.csv"
        write_table(path, pooled_weights(count_all(cases, workers=workers)))
    names = {reading.annotator for case in cases if case.has_two_people for reading in case.readings}
    return ConsensusRule(method, tie, read_weights(path, names))


def _write_tables(folder: Path, decided: Sequence[Decided], rule: ConsensusRule) -> str:
    comparison = comparison_table(decided)
    cases = pd.DataFrame([one.row for one in decided], columns=list(COLUMNS)).astype({"area_px": "Int64"})
    cases = cases.drop(columns="area_px" if len(cases["volume_mm3"].dropna()) else "volume_mm3")
    write_table(folder / "cases.csv", cases)
    write_table(folder / "comparison.csv", comparison)
    notes = summary_notes(decided, comparison, rule)
    if not has_staple():
        notes.append(f"STAPLE is not compared; in the checkout: {install_extra('agreement')}")
    tables = summary_tables(comparison)
    sections = [f"## {n} readers\n\n{table.markdown()}" for n, table in tables]
    write_text(folder / "summary.md", "\n\n".join(["# Consensus", *notes, *sections]) + "\n")
    facts = {"method": rule.method, "tie": rule.tie, "weights": rule.weights and dict(rule.weights)}
    write_json(folder / "summary.json", facts | {"notes": notes, "comparison": comparison.to_dict("records")})
    return "\n".join([part for n, table in tables for part in (f"Cases with {n} readers:", table.plain(), "")] + notes)


def _with_consensus(
    manifest: Manifest, decided: Sequence[Decided], rule: ConsensusRule, *, source: Path, folder: Path, base: Path
) -> Manifest | None:
    made = {one.row["case_id"]: one for one in decided if one.mask is not None and one.row["status"] == "consensus"}
    if not made:
        return None
    cases = [
        _with_annotation(case, made[case.id], rule, folder.relative_to(base)) if case.id in made else case
        for case in (moved(case, source.relative_to(base)) for case in manifest.cases)
    ]
    return replace(manifest, name=f"{manifest.name}_{rule.method}", cases=tuple(cases))


def _with_annotation(case: Case, decided: Decided, rule: ConsensusRule, place: Path) -> Case:
    assert decided.mask is not None  # noqa: S101 (chosen by it)
    path, sha256 = decided.mask
    record = replace(case.image, path=(place / path).as_posix(), sha256=sha256, original_size_px=None)
    # the image's record is kept but for the file: a mask lies on the grid of its picture
    name = f"{rule.words}: {', '.join(decided.row['annotators'].split('; '))}"
    return replace(case, annotations=(*case.annotations, Annotation(record, name, _TOOL, role="consensus")))
