"""`dermaseg agreement qualify`: does a trainee draw well enough to begin."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dermaseg_monai.cli.agreement_scope import require_folder
from dermaseg_monai.errors import DataError

if TYPE_CHECKING:
    from dermaseg_monai.agreement.qualification import Verdict
    from dermaseg_monai.agreement.trainee_score import Drawn
    from dermaseg_monai.images import Rgb
    from dermaseg_monai.metrics.table import Table

_GREY: Final = 168  # below the outlines of a case whose photograph cannot be read
_BOTH_EMPTY: Final = 1.0  # a trainee who sees no lesion where the reference has none is right


def qualify(  # noqa: PLR0913 (each is one option of the command line)
    manifest: Annotated[Path, typer.Option(help="Manifest whose references the trainee is compared with.")],
    trainee: Annotated[str, typer.Option(help="Folder of the trainee's masks, or a reader of the manifest.")],
    out: Annotated[Path, typer.Option(help="Folder to write the verdict, the table and the pictures into.")],
    *,
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of its files; default: the manifest's.")] = None,
    pattern: Annotated[str, typer.Option(help="Names of the masks in a folder.")] = "{case}.png",
    min_cases: Annotated[int, typer.Option(min=1, help="Cases that must be scored.")] = 20,
    min_dice: Annotated[float, typer.Option(min=0, max=1, help="Least mean Dice.")] = 0.85,
    low_dice: Annotated[float, typer.Option(min=0, max=1, help="A case below it is poor.")] = 0.7,
    max_low_share: Annotated[float, typer.Option(min=0, max=1, help="Largest share of poor cases.")] = 0.05,
    max_offset_percent: Annotated[
        float, typer.Option(min=0, help="Largest mean boundary offset, per cent of the diameter, without its sign.")
    ] = 5.0,
    pictures: Annotated[int, typer.Option(min=0, help="Worst cases to draw.")] = 6,
) -> None:
    """Score a trainee's masks against the references; exit 0 when every criterion is met, 1 when one is not."""
    from dermaseg_monai.agreement.qualification import Limits  # noqa: PLC0415
    from dermaseg_monai.agreement.qualification import qualify as judge  # noqa: PLC0415
    from dermaseg_monai.agreement.reading import annotators_of  # noqa: PLC0415
    from dermaseg_monai.agreement.trainee_score import drawn_by, drawn_in_folder, score_trainee  # noqa: PLC0415
    from dermaseg_monai.files import write_json, write_text  # noqa: PLC0415
    from dermaseg_monai.images import READER_RGB, reader_colours  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415
    from dermaseg_monai.metrics.spreadsheet import write_table  # noqa: PLC0415

    known, root = Manifest.load(manifest), dataset_dir or manifest.parent
    in_folder = Path(trainee).is_dir()
    drawn = drawn_in_folder(known, trainee, pattern) if in_folder else drawn_by(known, trainee, root)
    _require_new(out)
    require_folder(out)
    scores = score_trainee(drawn, root, both_empty=_BOTH_EMPTY)
    verdict = judge(scores, Limits(min_cases, min_dice, low_dice, max_low_share, max_offset_percent))
    scores = scores.sort_values(["dice", "case_id"], na_position="first")
    name = Path(trainee).name if in_folder else trainee
    write_table(out / "cases.csv", scores)
    colour = reader_colours(annotators_of(known)).get(name, READER_RGB[0])
    worst = scores.dropna(subset=["dice"]).head(pictures)
    for rank, row in enumerate(worst.to_dict(orient="records"), start=1):
        _draw(row, drawn, root, (name, colour), out / "worst" / f"{rank:02d}_{row['case_id']}.png")
    asked, seen = [case.id for case in known.cases if case.reference], set(scores["case_id"])
    covered = f"{len(seen)} of the {len(asked)} cases with a reference are drawn; the others take no part."
    remarks = [*_remarks(verdict), *([covered] if len(seen) < len(asked) else [])]
    title = f"{name} {'has qualified' if verdict.passed else 'has not qualified'} on {known.name}"
    write_text(out / "summary.md", "\n\n".join([f"# {title}", _table(verdict).markdown(), *remarks]) + "\n")
    write_json(out / "qualification.json", {"trainee": name, "manifest": known.name, **verdict.to_json()})
    typer.echo("\n".join([title, _table(verdict).plain(), *remarks, f"Wrote {out}"]))
    if not verdict.passed:
        raise typer.Exit(1)


def _require_new(out: Path) -> None:
    if out.is_file():
        raise DataError(f"{out} is a file. Choose a new folder with --out.")
    if out.is_dir() and any(out.iterdir()):
        raise DataError(f"{out} is not empty; a verdict is never written over another. Choose a new folder with --out.")


def _table(verdict: "Verdict") -> "Table":
    from dermaseg_monai.metrics.table import Table  # noqa: PLC0415

    rows = [(one.name, one.asked, one.found, "met" if one.passed else "NOT MET") for one in verdict.criteria]
    return Table(("criterion", "asked", "found", "result"), rows)


def _remarks(verdict: "Verdict") -> list[str]:
    said = ["Boundary offset: mean signed distance between the two contours; above 0 is too wide."]
    return ["\n".join(f"- {reason}" for reason in verdict.reasons), *said] if verdict.reasons else said


def _draw(row: dict[str, Any], drawn: "list[Drawn]", root: Path, trainee: "tuple[str, Rgb]", path: Path) -> None:
    """Draw a case; the trainee is a name and a colour."""
    import numpy as np  # noqa: PLC0415

    from dermaseg_monai.agreement.trainee_score import reference_of  # noqa: PLC0415
    from dermaseg_monai.images import (  # noqa: PLC0415
        REFERENCE_RGB,
        grey_slice,
        is_volume,
        read_mask,
        slices_to_show,
        volume_affine,
        write_rgb,
    )
    from dermaseg_monai.report import draw_outline_panel  # noqa: PLC0415
    from dermaseg_monai.report.outlined_image import outlined_image  # noqa: PLC0415

    case = next(one.case for one in drawn if one.case.id == row["case_id"])
    name, colour = trainee
    outlines = {"reference": read_mask(reference_of(case, root)), f"trainee {name}": read_mask(row["mask"])}
    reference = outlines["reference"]
    colours = dict(zip(outlines, (REFERENCE_RGB, colour), strict=True))
    image = outlined_image(root / case.image.path, reference_of(case, root))
    if not is_volume(reference_of(case, root)):
        shown = np.full((*reference.shape, 3), _GREY, dtype=np.uint8) if image is None else image
        write_rgb(path, draw_outline_panel(shown, outlines, colours=colours, case_id=case.id, words=[_case_words(row)]))
        return
    panels = []
    lesion = reference if reference.any() else outlines[f"trainee {name}"]
    for one in slices_to_show(volume_affine(reference_of(case, root)), lesion=lesion, masks=list(outlines.values())):
        cut = {who: one.cut(mask) for who, mask in outlines.items()}
        grey = np.full((*cut["reference"].shape, 3), _GREY, dtype=np.uint8) if image is None else grey_slice(one, image)
        words = [_case_words(row), one.words]
        panels.append(draw_outline_panel(grey, cut, colours=colours, case_id=case.id, words=words))
    write_rgb(path, np.concatenate(panels))


def _case_words(row: dict[str, Any]) -> str:
    facts = [f"Dice {row['dice']:.3f}", f"Jaccard {row['jaccard']:.3f}"]
    if row["missed"]:
        facts.append("the lesion is missed")
    elif not math.isnan(row["offset_percent"]):
        habit = "too wide" if row["offset_percent"] > 0 else "too tight"
        length = f"{abs(row['offset_px']):.1f} px" if "offset_px" in row else f"{abs(row['offset_mm']):.3f} mm"
        facts.append(f"{length} ({abs(row['offset_percent']):.1f} % of the diameter) {habit}")
    if "trainee_px" in row:
        facts.append(f"{row['trainee_px']:.0f} px drawn, {row['reference_px']:.0f} px in the reference")
    else:
        facts.append(f"{row['trainee_mm3']:.2f} mm³ drawn, {row['reference_mm3']:.2f} mm³ in the reference")
    return "  ·  ".join(facts)
