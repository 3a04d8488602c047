"""`dermaseg agreement read`: readers draw on their own in Label Studio, and their masks come back."""

from pathlib import Path
from typing import Annotated

import typer

from dermaseg_monai.cli.label_tool import new_manifest, people_of, require_new
from dermaseg_monai.errors import ConfigError, DataError


def independent_readings(
    manifest: Annotated[Path, typer.Option(help="Manifest of the cases.")],
    out: Annotated[Path, typer.Option(help="New folder for the tasks; with --import the new manifest (.json).")],
    *,
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of its files; default: the manifest's.")] = None,
    image_url: Annotated[
        str | None, typer.Option(help="Where Label Studio finds the files; default: pictures go into the tasks.")
    ] = None,
    import_: Annotated[Path | None, typer.Option("--import", help="JSON export with the readers' masks.")] = None,
    queue: Annotated[Path | None, typer.Option(help="The queue.csv that the tasks of the export came with.")] = None,
    readers: Annotated[str | None, typer.Option(help="Accounts and their names: '2=ann,3=bob'.")] = None,
) -> None:
    """Write a Label Studio task per case, without anybody's outline; or take the readers' masks back (--import)."""
    import pandas as pd  # noqa: PLC0415

    from dermaseg_monai.agreement.adjudication_queue import read_queue  # noqa: PLC0415
    from dermaseg_monai.agreement.case_digest import case_digest  # noqa: PLC0415
    from dermaseg_monai.exchange import READING_PAGE, embedded, task  # noqa: PLC0415
    from dermaseg_monai.files import write_json, write_text  # noqa: PLC0415
    from dermaseg_monai.images import is_volume  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415
    from dermaseg_monai.metrics.spreadsheet import write_table  # noqa: PLC0415

    known, root = Manifest.load(manifest), dataset_dir or manifest.parent
    if import_ is not None:
        if queue is None or readers is None:
            raise ConfigError("--import needs --queue queue.csv and --readers 'ACCOUNT=NAME,...': who was asked what.")
        people = people_of(readers, "--readers")
        typer.echo(new_manifest(known, root, import_, out, asked=read_queue(queue), people=people, role="reader"))
        return
    require_new(out)
    cases = [case for case in known.cases if case.split != "excluded" and not is_volume(case.image.path)]
    if not cases:
        raise DataError(f"{manifest} has no photograph to draw on; Label Studio paints on photographs, not on volumes.")
    asked = {case.id: case_digest(case, root) for case in cases}
    tasks = [
        task(
            case.id,
            asked[case.id],
            embedded(root / case.image.path) if image_url is None else image_url + case.image.path,
            shown={},
            masks={},
        )
        for case in cases
    ]
    write_json(out / "tasks.json", tasks)
    write_text(out / "labelling.xml", READING_PAGE)
    write_table(out / "queue.csv", pd.DataFrame(asked.items(), columns=["case_id", "digest"]))
    typer.echo(f"{len(tasks)} tasks for independent readers. Wrote {out}")
