"""`dermaseg stress`: what a trained network does when photographs are disturbed."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dermaseg_monai.cli.comma_list import comma_list
from dermaseg_monai.errors import ConfigError, DataError, did_you_mean

if TYPE_CHECKING:  # these bring torch and matplotlib, which `dermaseg --help` does not wait for
    from dermaseg_monai.cli.stress_sheet import StressSheet
    from dermaseg_monai.data.stressors import Stressor
    from dermaseg_monai.manifest import Manifest, Split


def stress(  # noqa: PLR0913 (each is one option of the command line)
    bundle: Annotated[str, typer.Argument(help="Name or folder of a bundle.")],
    manifest: Annotated[Path, typer.Argument(help="Manifest of the photographs and their references.")],
    *,
    weights: Annotated[
        Path | None, typer.Option(help="Run folder or weights file; default: those its evaluation takes.")
    ] = None,
    dataset_dir: Annotated[
        Path | None, typer.Option(help="Where its paths start; default: the manifest's folder.")
    ] = None,
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="Which cases.")] = "test",
    stressors: Annotated[str | None, typer.Option(help="Names, separated by commas: hair,blur; default: all.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="So many cases: those whose ids have the smallest sha256; default: all.")
    ] = None,
    overlay: Annotated[
        list[str] | None, typer.Option(help="Sheet over the evaluate sheet: single_view, or a file; repeat.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default: below runs/.")] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="Log to this MLflow store too.")] = None,
    allow_leaks: Annotated[bool, typer.Option("--allow-leaks", help="Test although the splits share lesions.")] = False,
) -> None:
    """Disturb photographs in graded strengths and show how far the scores of a trained network fall.

    The network predicts as in its own evaluation. Curves with intervals, a ranking of what hurts most and the worst
    cases go into one folder; the same command goes on after a stop.
    """
    chosen = _stressors(stressors)

    from dermaseg_monai.cli.stress_sheet import StressSheet  # noqa: PLC0415
    from dermaseg_monai.data.samples import data_folder  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest, require_no_leaks  # noqa: PLC0415

    loaded = Manifest.load(manifest)
    loaded.in_split(split)
    folder = data_folder(dataset_dir or manifest.parent, manifest)
    require_no_leaks(loaded, allow_leaks=allow_leaks)
    values = {"manifest": str(manifest.resolve()), "dataset_dir": str(folder), "split": split}
    sheet = StressSheet.open(bundle, weights=weights, overlays=overlay or (), values=values)
    try:
        leaks = _seen(sheet, manifest, folder, split, allow_leaks=allow_leaks)
        _run(
            sheet,
            loaded,
            folder,
            split=split,
            stressors=chosen,
            limit=limit,
            out=out,
            tracking_uri=tracking_uri,
            leaks=leaks,
        )
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where it was.", err=True)
        raise typer.Exit(130) from None


def _run(
    sheet: "StressSheet",
    manifest: "Manifest",
    folder: Path,
    *,
    split: "Split",
    stressors: "Sequence[Stressor]",
    limit: int | None,
    out: Path | None,
    tracking_uri: str | None,
    leaks: str,
) -> None:
    from dermaseg_monai import __version__  # noqa: PLC0415
    from dermaseg_monai.assurance import (  # noqa: PLC0415
        Ledger,
        PhotographReader,
        StressTest,
        choose_cases,
        summarise_stress,
    )
    from dermaseg_monai.cli.stress_output import StressOutput  # noqa: PLC0415

    cases = choose_cases(manifest.in_split(split), limit)
    plan = sheet.plan() | {
        "manifest": manifest.digest,
        "split": split,
        "cases": [case.id for case in cases],
        "version": __version__,
    }
    results = (out or _default_folder(sheet, split, plan)).resolve()
    evaluation = sheet.build()
    output = StressOutput(results, sheet=sheet, manifest=manifest, split=split, limit=limit, leaks=leaks)
    read = PhotographReader(folder)
    test = StressTest(
        cases=cases,
        read=read,
        evaluation=evaluation,
        stressors=stressors,
        ledger=Ledger(results, plan),
        batch_size=sheet.batch_size,
    )
    typer.echo(f"Testing {sheet.weights} on {len(cases)} cases of {manifest.name} ({split}) into {results}")
    with output.tracked(tracking_uri, device=str(evaluation.predictor.device)):
        rows = test.run()
        summary = summarise_stress(rows, stressors=stressors, cases=manifest.cases, seed=sheet.seed)
        if not summary.curves:
            first, reason = next(iter(summary.failed.items()))
            raise DataError(f"No case was scored at every level of a stressor. First: {first}: {reason}")
        output.write(rows, summary, cases=cases, read=read, evaluation=evaluation, stressors=stressors)


def _seen(sheet: "StressSheet", manifest: Path, folder: Path, split: "Split", *, allow_leaks: bool) -> str:
    from dermaseg_monai.engines import seen_in_training  # noqa: PLC0415

    seen = seen_in_training(sheet.weights, manifest, folder, split, allow_leaks=allow_leaks)
    if not seen["checked"]:
        return "not known, the weights do not say what they were trained on"
    return f"{seen['cases']} cases of the split" + (", accepted with --allow-leaks" if seen["cases"] else "")


def _stressors(names: str | None) -> "list[Stressor]":
    from dermaseg_monai.data.stressors import STRESSORS  # noqa: PLC0415

    wanted = list(STRESSORS) if names is None else comma_list(names)
    for name in wanted:
        if name not in STRESSORS:
            hint = did_you_mean(name, STRESSORS, otherwise=f"There are {', '.join(STRESSORS)}.")
            raise ConfigError(f"Unknown stressor {name!r} in --stressors. {hint}")
    if not wanted:
        raise ConfigError(f"--stressors is {names!r}; it names none. There are {', '.join(STRESSORS)}.")
    return [STRESSORS[name] for name in dict.fromkeys(wanted)]


def _default_folder(sheet: "StressSheet", split: str, plan: dict[str, Any]) -> Path:
    from dermaseg_monai.bundle import evaluation_folder  # noqa: PLC0415

    digest = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    return Path(evaluation_folder(str(sheet.weights), split)).with_name(f"stress_{split}_{digest[:8]}")
