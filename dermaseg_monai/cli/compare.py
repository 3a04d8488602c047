"""`dermaseg compare`: several evaluations of the same cases, side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dermaseg_monai.errors import ConfigError, DataError

_CONFIDENCE = 0.95
_DRAWS = 2000


def compare(
    evaluations: Annotated[
        list[str], typer.Argument(help="NAME=FOLDER, folders with a cases.csv; the first is compared with.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    manifest: Annotated[Path | None, typer.Option(help="Says which cases belong together [the run's own].")] = None,
) -> None:
    """Compare evaluations of the same cases: every score with its interval, and the paired differences.

    Slice by slice against 3D: dermaseg compare 3D=FOLDER slices=FOLDER --out DIR (scripts/slices_against_volumes.sh
    trains and evaluates both first).
    """
    from dermaseg_monai.experiments.evaluation_files import (  # noqa: PLC0415
        difference_table,
        score_table,
        write_comparison,
    )
    from dermaseg_monai.experiments.evaluations import compare_evaluations  # noqa: PLC0415
    from dermaseg_monai.metrics import read_scores  # noqa: PLC0415

    folders = _named(evaluations)
    tables = {name: read_scores(folder / "cases.csv") for name, folder in folders.items()}
    groups = _groups(next(iter(folders.values())), manifest, [row.case_id for row in next(iter(tables.values()))])
    found = compare_evaluations(tables, groups=groups, confidence=_CONFIDENCE, draws=_DRAWS, seed=0)
    typer.echo(f"{score_table(found).plain()}\n\n{difference_table(found).plain()}\n")
    for file in write_comparison(out, found, folders):
        typer.echo(f"Wrote {file}")


def _named(words: Sequence[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if not (name and equals and folder):
            raise ConfigError(f"{word!r} names no evaluation. Give NAME=FOLDER, as in 3D=runs/unet3d/TIME/test.")
        if name in found:
            raise ConfigError(f"{name} stands for two folders. Give each evaluation its own name.")
        found[name] = Path(folder)
    return found


def _groups(folder: Path, manifest: Path | None, case_ids: Sequence[str]) -> dict[str, str | None]:
    from dermaseg_monai.cli.checkpoint import data_of  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest, case_groups  # noqa: PLC0415
    from dermaseg_monai.report import read_run  # noqa: PLC0415

    config: Any = read_run(folder).get("config")
    own = data_of(config) if isinstance(config, dict) else None
    if manifest is None and own is None:
        raise ConfigError(f"{folder / 'run.json'} does not say which cases were evaluated. Give --manifest FILE.")
    file = manifest or (own[0] if own else None)
    assert file is not None  # noqa: S101 (said above)
    groups = {case.id: group[0].id for group in case_groups(Manifest.load(file).cases) for case in group}
    unknown = [case_id for case_id in case_ids if case_id not in groups]
    if unknown:
        raise DataError(
            f"{file} has no case {unknown[0]}, which {folder} has scores of. Give its manifest: --manifest."
        )
    return {case_id: groups[case_id] for case_id in case_ids}
