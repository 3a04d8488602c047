"""What a matrix leaves behind: tables in CSV, a summary in JSON and Markdown, a heat map and a page."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from dermaseg_monai import __version__
from dermaseg_monai.experiments.generalisation_matrix import Bounded, Cell, Gap
from dermaseg_monai.experiments.generalisation_result import Result
from dermaseg_monai.experiments.generalisation_tables import matrices
from dermaseg_monai.experiments.generalisation_words import cell_note, markdown, page_of, title
from dermaseg_monai.files import write_json, write_rows, write_text
from dermaseg_monai.report.generalisation_heat_map import save_heat_map
from dermaseg_monai.report.generalisation_page import write_generalisation_page
from dermaseg_monai.report.palette import NOTICE

_OVERLAP_COLUMNS: Final = ("trained_on", "tested_on", "case_id", "shares")


def write_result(folder: Path, result: Result) -> list[Path]:
    """Write matrix.csv, gaps.csv, overlap.csv, summary.json, summary.md, matrix.png, index.html; return their paths."""
    write_text(folder / "summary.md", markdown(result))
    write_json(folder / "summary.json", _json(result))
    write_rows(folder / "matrix.csv", [_cell_row(result, cell) for cell in result.matrix.cells])
    write_rows(folder / "gaps.csv", [_gap_row(gap) for gap in result.matrix.gaps])
    write_rows(folder / "overlap.csv", _overlap_rows(result), _OVERLAP_COLUMNS)
    save_heat_map(folder / "matrix.png", matrices(result), result.names, title=title(result), note=cell_note(result))
    write_generalisation_page(folder / "index.html", page_of(result))
    names = ("summary.md", "summary.json", "matrix.csv", "gaps.csv", "overlap.csv", "matrix.png", "index.html")
    return [folder / name for name in names]


def _json(result: Result) -> dict[str, Any]:
    matrix = result.matrix
    return {
        "schema": 1,
        "dermaseg_monai": __version__,
        "name": result.name,
        "split": result.split,
        "confidence": matrix.confidence,
        "draws": matrix.draws,
        "seed": matrix.seed,
        "sets": [asdict(one) for one in result.sets],
        "networks": [asdict(one) for one in result.networks],
        "cells": [asdict(one) for one in matrix.cells],
        "gaps": [asdict(one) for one in matrix.gaps],
        "overlaps": [
            {
                "trained_on": one.trained_on,
                "tested_on": one.tested_on,
                "n": one.n,
                "left_out": len(one.shared),
                "counts": one.counts,
            }
            for one in result.overlaps.values()
        ],
        "differences": result.whats_different,
        "missing": list(result.missing),
        "purpose": NOTICE,
    }


def _cell_row(result: Result, cell: Cell) -> dict[str, Any]:
    row: dict[str, Any] = {"trained_on": cell.trained_on, "tested_on": cell.tested_on, "split": result.split}
    row |= {"cases": "leak-free" if cell.leak_free else "all", "n": cell.n, "n_groups": cell.n_groups}
    row["left_out"] = len(result.overlaps[cell.trained_on, cell.tested_on].shared) if cell.leak_free else 0
    return row | _columns(cell.scores)


def _gap_row(gap: Gap) -> dict[str, Any]:
    row: dict[str, Any] = {"trained_on": gap.trained_on, "tested_on": gap.tested_on}
    row["images"] = "the same" if gap.same_images else "of each set"
    return (
        row
        | {"cases": "leak-free" if gap.leak_free else "all", "n": gap.n, "n_groups": gap.n_groups}
        | _columns(gap.differences)
    )


def _columns(scores: Mapping[str, Bounded]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, one in scores.items():
        row |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return row


def _overlap_rows(result: Result) -> list[dict[str, str]]:
    return [
        {"trained_on": one.trained_on, "tested_on": one.tested_on, "case_id": case_id, "shares": ", ".join(words)}
        for one in result.overlaps.values()
        for case_id, words in one.shared.items()
    ]
