"""`dermaseg compare`: several evaluations of the same cases, side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dermaseg_monai.errors import ConfigError, DataError

if TYPE_CHECKING:
    from dermaseg_monai.manifest import Case
    from dermaseg_monai.metrics import CaseScore

_CONFIDENCE = 0.95
_DRAWS = 2000


def compare(
    evaluations: Annotated[
        list[str], typer.Argument(help="NAME=FOLDER, folders with a cases.csv; the first is compared with.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    *,
    manifest: Annotated[Path | None, typer.Option(help="Manifest of the cases; default: the first run's own.")] = None,
    dataset_dir: Annotated[Path | None, typer.Option(help="Where its paths start; default: the run's own.")] = None,
) -> None:
    """Compare evaluations of the same cases: every score with its interval, and the paired differences.

    Of volumes the hardest case is drawn too, in three planes. Slice by slice against 3D: dermaseg compare 3D=FOLDER
    slices=FOLDER --out DIR (scripts/slices_against_volumes.sh trains and evaluates first).
    """
    from dermaseg_monai.cli.folder_data import folder_data  # noqa: PLC0415
    from dermaseg_monai.experiments.evaluation_files import (  # noqa: PLC0415
        difference_table,
        score_table,
        write_comparison,
    )
    from dermaseg_monai.experiments.evaluations import compare_evaluations  # noqa: PLC0415
    from dermaseg_monai.experiments.tolerance import require_one_tolerance, tolerance_of  # noqa: PLC0415
    from dermaseg_monai.images import is_volume  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest, group_of_case  # noqa: PLC0415
    from dermaseg_monai.metrics import read_scores  # noqa: PLC0415
    from dermaseg_monai.report import read_run  # noqa: PLC0415

    folders = _named(evaluations)
    tables = {name: read_scores(folder / "cases.csv") for name, folder in folders.items()}
    tolerances = {name: tolerance_of(read_run(folder), tables[name]) for name, folder in folders.items()}
    require_one_tolerance(tolerances)
    first = next(iter(folders.values()))
    file, root = folder_data(first, manifest, dataset_dir)
    cases = {case.id: case for case in Manifest.load(file).cases}
    unknown = [row.case_id for row in next(iter(tables.values())) if row.case_id not in cases]
    if unknown:
        raise DataError(f"{file} has no case {unknown[0]}, which {first} has scores of. Give its manifest: --manifest.")
    groups = group_of_case(list(cases.values()))
    volumes = any(is_volume(cases[row.case_id].image.path) for row in next(iter(tables.values())))
    found = compare_evaluations(tables, groups=groups, volumes=volumes, confidence=_CONFIDENCE, draws=_DRAWS, seed=0)
    typer.echo(f"{score_table(found).plain()}\n\n{difference_table(found).plain()}\n")
    files = write_comparison(out, found, folders, tolerances=tolerances)
    if volumes:
        files.append(_draw(cases[_hardest(tables)], root, folders, out / "hardest.png"))
    for written in files:
        typer.echo(f"Wrote {written}")


def _named(words: Sequence[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if not (name and equals and folder):
            raise ConfigError(
                f"{word!r} names no evaluation. Give NAME=FOLDER, as in 3D=runs/unet3d/TIME/evaluate_test."
            )
        if name in found:
            raise ConfigError(f"{name} stands for two folders. Give each evaluation its own name.")
        found[name] = Path(folder)
    return found


def _hardest(tables: Mapping[str, Sequence["CaseScore"]]) -> str:
    total: dict[str, float] = {}
    for rows in tables.values():
        for row in rows:
            total[row.case_id] = total.get(row.case_id, 0.0) + row.dice
    return min(total, key=lambda case_id: (total[case_id], case_id))


def _draw(case: "Case", root: Path, folders: Mapping[str, Path], path: Path) -> Path:
    from dermaseg_monai.images import read_image, read_mask, upright, upright_spacing, write_rgb  # noqa: PLC0415
    from dermaseg_monai.metrics.case_rows import read_rows  # noqa: PLC0415
    from dermaseg_monai.report.plane_panel import draw_plane_panel  # noqa: PLC0415

    picture = read_image(root / case.image.path)
    assert picture.affine is not None  # noqa: S101 (it is a volume)
    assert case.reference is not None  # noqa: S101 (it was scored)
    preds = {}
    for name, folder in folders.items():
        row = next(one for one in read_rows(folder) if one.case_id == case.id)
        title = "   ".join([name, *row.score_words])
        preds[title] = upright(read_mask(folder / "masks" / str(row.file)), picture.affine)
    sheet = draw_plane_panel(
        upright(picture.pixels, picture.affine),
        upright(read_mask(root / case.reference.mask.path), picture.affine),
        preds,
        spacing_mm=upright_spacing(picture.affine),
        case_id=f"{case.id}: the lowest mean Dice",
    )
    write_rgb(path, sheet)
    return path
