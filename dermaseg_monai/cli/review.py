"""`dermaseg review`: what a network drew, out to Label Studio, and corrected back."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dermaseg_monai.cli.label_tool import people_of, require_new
from dermaseg_monai.errors import ConfigError, DataError

if TYPE_CHECKING:
    from dermaseg_monai.predict import Correction, Member, ReviewQuestion, ReviewTasks

_SHOWN: Final = 3
_NEXT: Final = (
    "In Label Studio: a new project, labelling.xml as its page, import tasks.json; when all is answered, export as "
    "JSON and take it back with --import."
)


def review(
    predictions: Annotated[Path, typer.Argument(help="Prediction folder: cases.csv, masks/, run.json.")],
    out: Annotated[Path, typer.Option(help="New folder for the tasks; with --import for the corrected masks.")],
    *,
    images: Annotated[
        Path | None, typer.Option(help="Folder of the photographs; default: as run.json or the queue says.")
    ] = None,
    worst: Annotated[
        int | None, typer.Option(min=1, help="Ask for so many, the lowest predicted Dice first; default: all.")
    ] = None,
    asked: Annotated[
        list[Path] | None, typer.Option(help="queue.csv of an earlier round, whose cases are left out; repeat.")
    ] = None,
    import_: Annotated[Path | None, typer.Option("--import", help="JSON export with the corrected masks.")] = None,
    queue: Annotated[Path | None, typer.Option(help="The queue.csv that the tasks of the export came with.")] = None,
    reviewers: Annotated[
        str | None, typer.Option(help="Who may correct, by account number or e-mail: '2=dr-ada,3=dr-bo'.")
    ] = None,
) -> None:
    """Write Label Studio tasks with the outlines of a network to correct; or take the corrections back (--import).

    The task of the lowest predicted Dice comes first. What comes back is a folder of masks and their photographs that
    `dermaseg data index folder` takes, and a table of how far each outline was changed.
    """
    member = _member(predictions)
    require_new(out)
    if import_ is None:
        if queue is not None or reviewers is not None:
            raise ConfigError("--queue and --reviewers belong to an export that comes back: give it with --import.")
        _send(member, out, images, worst, asked or ())
        return
    if queue is None or reviewers is None:
        raise ConfigError("--import needs --queue queue.csv and --reviewers 'ACCOUNT=NAME,...': who was asked what.")
    if worst is not None or asked:
        raise ConfigError("--worst and --asked say who is asked; with --import every answer of the queue is taken.")
    people = people_of(reviewers, "--reviewers")
    _take(member, out, images=images, export=import_, queue=queue, people=people)


def _member(folder: Path) -> "Member":
    from dermaseg_monai.metrics.case_rows import read_rows  # noqa: PLC0415
    from dermaseg_monai.predict import Member  # noqa: PLC0415
    from dermaseg_monai.report import read_run  # noqa: PLC0415

    return Member(folder, {row.case_id: row for row in read_rows(folder)}, read_run(folder))


def _send(member: "Member", out: Path, images: Path | None, worst: int | None, asked: Sequence[Path]) -> None:
    from dermaseg_monai.exchange import REVIEW_PAGE  # noqa: PLC0415
    from dermaseg_monai.files import write_json, write_text  # noqa: PLC0415
    from dermaseg_monai.predict import (  # noqa: PLC0415
        make_review_tasks,
        read_review_queue,
        require_paintable,
        write_review_queue,
    )

    before = {case_id for queue in asked for case_id in read_review_queue(queue)}
    rows = [row for row in member.rows.values() if row.case_id not in before]
    if not rows:
        raise DataError(f"All {len(member.rows)} photographs of {member.folder} were asked before (--asked).")
    require_paintable(member.folder, rows)
    made = make_review_tasks(member.folder, rows, _photographs(member, images), worst=worst)
    write_json(out / "tasks.json", made.tasks)
    write_text(out / "labelling.xml", REVIEW_PAGE)
    write_review_queue(out / "queue.csv", made.questions)
    for case_id, reason in made.left_out.items():
        typer.echo(f"Not asked: {case_id!r}: {reason}", err=True)
    earlier = len(member.rows) - len(rows)
    typer.echo(f"{_asked_words(made, member, earlier=earlier)}\nWrote {out}\n{_NEXT}")


def _photographs(member: "Member", images: Path | None) -> dict[str, Path]:
    from dermaseg_monai.cli.folder_data import data_of  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415
    from dermaseg_monai.predict import photographs_in  # noqa: PLC0415

    if images is not None:
        return photographs_in(images, member)
    own = data_of(member.run.get("config"))
    if own is None:
        raise ConfigError(
            f"{member.folder / 'run.json'} does not say where the photographs are. Give their folder: --images FOLDER."
        )
    manifest, dataset_dir = own
    return {case.id: dataset_dir / case.image.path for case in Manifest.load(manifest).cases}


def _asked_words(made: "ReviewTasks", member: "Member", *, earlier: int) -> str:
    bare = sum(member.rows[one.case_id].file is None for one in made.questions)
    parts = [f"{len(made.tasks)} of {len(member.rows)} photographs are tasks, the lowest predicted Dice first."]
    if bare:
        parts.append(f"{bare} of them have no outline, for a person to draw one; they come first.")
    if earlier:
        parts.append(f"{earlier} were asked before (--asked).")
    if made.later:
        parts.append(f"{made.later} are not asked now (--worst).")
    if made.left_out:
        parts.append(f"{len(made.left_out)} cannot be asked.")
    return " ".join(parts)


def _take(
    member: "Member", out: Path, *, images: Path | None, export: Path, queue: Path, people: dict[str, str]
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    from dermaseg_monai.predict import (  # noqa: PLC0415
        photographs_in,
        read_corrections,
        read_review_queue,
        write_corrections,
    )

    asked = read_review_queue(queue)
    if images is not None:
        found = photographs_in(images, member)
        asked = {name: replace(one, photograph=found.get(name, one.photograph)) for name, one in asked.items()}
    rows = list(member.rows.values())
    corrections, skipped = read_corrections(export, asked, member.folder, rows, people=people)
    write_corrections(out, corrections, asked)
    typer.echo(
        "\n".join([*_answer_words(corrections, skipped, asked), f"Wrote {out}: masks, images (links), reviews.csv"])
    )


def _answer_words(
    corrections: "Sequence[Correction]", skipped: Sequence[str], asked: "dict[str, ReviewQuestion]"
) -> list[str]:
    people = ", ".join(sorted({one.reviewer for one in corrections}))
    done = [one.accepted for one in corrections]
    parts = [f"{done.count(False)} corrected, {done.count(True)} accepted as they were"]
    if done.count(None):
        parts.append(f"{done.count(None)} drawn where the network gave no outline")
    answered = {one.case_id for one in corrections}
    passed = [name for name in skipped if name not in answered]
    parts.append(f"{len(asked) - len(answered) - len(passed)} of {len(asked)} cases wait")
    lines = [f"{len(corrections)} answers by {people}: {', '.join(parts)}."]
    if skipped:
        lines.append(f"Skipped in the label tool: {', '.join(skipped)}.")
    return lines + _dice_words(corrections)


def _dice_words(corrections: "Sequence[Correction]") -> list[str]:
    scored = [(one.dice, one) for one in corrections if one.dice is not None]
    if not scored:
        return []
    middle = median(dice for dice, _ in scored)
    lines = [f"Dice of prediction against answer: median {middle:.3f} of {len(scored)} (both empty: 1)."]
    changed = sorted(((dice, one) for dice, one in scored if not one.accepted), key=lambda pair: pair[0])
    if changed:
        named = ", ".join(f"{one.case_id} ({dice:.2f})" for dice, one in changed[:_SHOWN])
        lines.append(f"Changed most: {named}")
    return lines
