"""`dermaseg data leaks`: does one lesion, patient or picture stand on two sides of a split, or in two data sets?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dermaseg_monai.cli.leak_scope import compared_words
from dermaseg_monai.cli.name_warning import warn_of_like_names
from dermaseg_monai.cli.source_names import as_file_name, told_apart
from dermaseg_monai.errors import ConfigError, DataError

if TYPE_CHECKING:
    from dermaseg_monai.manifest import Exclusion, Leak, Manifest, Split


class GivesWay(StrEnum):
    """Whose cases are taken out."""

    TRAIN = "train"
    TEST = "test"


def leaks(
    sources: Annotated[list[str], typer.Argument(help="Manifests (.json), id lists (.txt, .csv), shipped lists.")],
    *,
    dataset_dir: Annotated[
        list[Path] | None, typer.Option(help="Folder of a manifest's files, in their order; default: beside it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for leaks.csv and leaks.html with pictures.")] = None,
    out_clean: Annotated[
        Path | None, typer.Option(help="Leak-free manifest to write; a folder when there are several.")
    ] = None,
    gives_way: Annotated[GivesWay, typer.Option(help="Whose cases the leak-free manifest excludes.")] = GivesWay.TRAIN,
) -> None:
    """Find what two sides share: id, file, lesion, patient, group, or nearly the same picture; also through others.

    Pictures are the same after resizing, recompression, other colours, flips, quarter turns and centre crops. Exit code
    1 when different splits share something, unless a leak-free manifest is written, and when a picture could
    not be compared. `--gives-way test` keeps the training side and gives the leak-free part of the test
    set.
    """
    from dermaseg_monai.manifest import (  # noqa: PLC0415
        between_sides,
        find_indirect_leaks,
        find_overlaps,
        leak_free,
        pictures_taking_part,
        write_leak_table,
    )

    read = _read(sources)
    manifests = _told_apart(sources, read)
    targets = [] if out_clean is None else _targets(out_clean, sources, read)
    _require_apart([*targets, *([] if out is None else [out / "leaks.csv", out / "leaks.html"])], sources)
    folders, unseen, lists = _folders(sources, manifests, dataset_dir or [])
    ties, failures, seen = _near(manifests, folders)
    pictures = pictures_taking_part(ties)
    indirect = find_indirect_leaks(*manifests, pictures=pictures)
    more = [leak for leak in find_indirect_leaks(*manifests, pictures=ties) if leak not in indirect]
    found = [*find_overlaps(*manifests), *between_sides(pictures), *indirect]
    _print(found)
    warn_of_like_names(manifests)
    compared = compared_words(manifests, pictures=seen)
    typer.echo(compared)
    notes = [*unseen, *lists, *failures, *_not_counted(more)]
    for note in notes:
        typer.echo(note)
    if out is not None:
        from dermaseg_monai.report import write_leak_page  # noqa: PLC0415

        files: dict[tuple[str, str, Split], Path] = {
            (manifest.name, case.id, case.split): folders[at] / case.image.path
            for at, manifest in enumerate(manifests)
            if at in folders
            for case in manifest.cases
        }
        title = "Leaks: " + ", ".join(dict.fromkeys(manifest.name for manifest in manifests))
        write_leak_table(out / "leaks.csv", found)
        write_leak_page(out / "leaks.html", found, title=title, notes=[compared, *notes], pictures=files)
        typer.echo(f"Wrote {out / 'leaks.csv'} and {out / 'leaks.html'}")
    if unseen or failures:  # a split is clean only when its pictures were looked at
        folder = ["give the folder of each manifest's files, --dataset-dir DIR"] if unseen else []
        damaged = ["copy damaged or changed pictures again or take them out of the manifest"] if failures else []
        raise DataError(f"Not every picture was compared: {', and '.join([*folder, *damaged])}.")
    if out_clean is not None:
        cleaned, gone = leak_free(manifests, pictures, gives_way=gives_way.value)
        _write_clean(targets, [replace(clean, name=own.name) for clean, own in zip(cleaned, read, strict=True)], gone)
    elif any(leak.crosses_splits for leak in found):
        raise typer.Exit(1)


def _read(sources: Sequence[str]) -> "list[Manifest]":
    from dermaseg_monai.manifest import read_leak_source  # noqa: PLC0415

    if len({Path(source).resolve() for source in sources}) < len(sources):
        raise ConfigError("One of the manifests is named twice. Name each once.")
    return [read_leak_source(source) for source in sources]


def _told_apart(sources: Sequence[str], read: "Sequence[Manifest]") -> "list[Manifest]":
    """Return the manifests with other names where two of one name have cases in the same split.

    Two splits of one set keep the name, because its groups mean the same in both.
    """
    splits = Counter((one.name, split) for one in read for split, _ in _sides(one))
    twice = {name for (name, _), count in splits.items() if count > 1}
    unclear = [(source, one.name) for source, one in zip(sources, read, strict=True) if one.name in twice]
    others = {one.name for one in read} - twice
    names = iter(told_apart([name for _, name in unclear], [source for source, _ in unclear], taken=others))
    return [replace(one, name=next(names)) if one.name in twice else one for one in read]


def _targets(out: Path, sources: Sequence[str], read: "Sequence[Manifest]") -> list[Path]:
    """Return the file of every leak-free manifest, and that of the reasons."""
    from dermaseg_monai.manifest import has_files  # noqa: PLC0415

    if len(read) == 1:
        return [out, out.with_name(f"{out.stem}.excluded.csv")]
    # several lists of one set differ by their splits
    wanted = [
        one.name if has_files(one) else "_".join((one.name, *(split for split, _ in _sides(one)))) for one in read
    ]
    names = told_apart(wanted, sources, taken=("excluded", "leaks"))
    files = [
        out / f"{as_file_name(name)}{'.json' if has_files(one) else '.csv'}"
        for name, one in zip(names, read, strict=True)
    ]
    return [*files, out / "excluded.csv"]


def _require_apart(targets: Sequence[Path], sources: Sequence[str]) -> None:
    inputs = {Path(source).resolve() for source in sources}
    lost = [target for target in targets if target.resolve() in inputs]
    if lost:
        raise ConfigError(
            f"{lost[0]} is one of the inputs and would be overwritten. Choose another place with --out-clean or --out."
        )


def _folders(
    sources: Sequence[str], manifests: "Sequence[Manifest]", given: Sequence[Path]
) -> tuple[dict[int, Path], list[str], list[str]]:
    """Return the folder of every manifest whose pictures are there, by its number; notes on others, and on lists."""
    from dermaseg_monai.manifest import has_files  # noqa: PLC0415

    own = [at for at, manifest in enumerate(manifests) if has_files(manifest)]
    if len(given) > len(own):
        raise ConfigError(f"{len(given)} folders are given with --dataset-dir for {len(own)} manifests.")
    folders: dict[int, Path] = {}
    unseen: list[str] = []
    for number, at in enumerate(own):
        folder = given[number] if number < len(given) else Path(sources[at]).absolute().parent
        if number < len(given) and not folder.is_dir():
            raise DataError(f"There is no folder {folder} for {manifests[at].name}. Correct --dataset-dir.")
        if any((folder / case.image.path).is_file() for case in manifests[at].cases):
            folders[at] = folder
        else:
            unseen.append(f"Pictures of {manifests[at].name} were not compared: none of them is in {folder}.")
    # a list says its side by its name: what it was taken for is said
    lists = [
        f"{one.name} ({', '.join(split for split, _ in _sides(one))})"
        for at, one in enumerate(manifests)
        if at not in own
    ]
    by_id = [f"By id alone, as lists of ids: {', '.join(lists)}."] if lists else []
    return folders, unseen, by_id


def _near(manifests: "Sequence[Manifest]", folders: dict[int, Path]) -> "tuple[list[Leak], list[str], int]":
    """Return nearly equal pictures, a note where some could not be compared, and how many of no excluded case were."""
    from dermaseg_monai.manifest import find_near_ties  # noqa: PLC0415

    if not folders:
        return [], [], 0
    held = sum(case.split != "excluded" for at in folders for case in manifests[at].cases)
    found, failures = find_near_ties([(manifests[at], folder) for at, folder in folders.items()])
    if not failures:
        return found, [], held
    first, reason = next(iter(failures.items()))
    note = f"{len(failures)} pictures could not be compared, first {first}: {reason}"
    return found, [note], held - len(failures)


def _not_counted(leaks: "Sequence[Leak]") -> list[str]:
    """Return a note on what only a copy of an excluded picture ties: a person should look before it costs cases."""
    if not leaks:
        return []
    first = leaks[0]
    held = ", ".join(f"{name} ({split})" for name, split in zip(first.case_ids, first.splits, strict=True))
    said = f"{len(leaks)} groups stand on two sides where a copy of an excluded picture counts too, first {held}"
    look = "Look at these pictures; if they are of one lesion, exclude those of one side."
    return [f"Not counted: {said}, {first.value}. {look}"]


def _print(found: "Sequence[Leak]") -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from dermaseg_monai.manifest import count_shared  # noqa: PLC0415

    table = Table("", "side", "other side", "share", box=None, pad_edge=False)
    for title in ("values", "cases", "of the other"):
        table.add_column(title, justify="right")
    for one in count_shared(found):
        words = ("leak" if one.crosses_splits else "overlap", " ".join(one.one), " ".join(one.other), one.key)
        counts = (f"{one.values:,}", f"{one.cases_one:,}", f"{one.cases_other:,}")
        table.add_row(*(Text(word) for word in (*words, *counts)))
    if found:
        Console(width=160, highlight=False).print(table)
    crossing = sum(leak.crosses_splits for leak in found)
    typer.echo(f"{crossing} leaks between different splits, {len(found) - crossing} overlaps of one split of two sets.")
    if len(found):
        typer.echo("(Each shared value once; a row of the table counts those of its two sides.)")


def _write_clean(targets: Sequence[Path], cleaned: "Sequence[Manifest]", gone: "Sequence[Exclusion]") -> None:
    from dermaseg_monai.manifest import write_exclusions, write_leak_source  # noqa: PLC0415

    *paths, reasons = targets
    for path, manifest in zip(paths, cleaned, strict=True):
        write_leak_source(path, manifest)
        counts = ", ".join(f"{count} {split}" for split, count in manifest.counts.items())
        typer.echo(f"Wrote {path}: {counts}, digest {manifest.digest[:12]}")
    write_exclusions(reasons, gone)
    typer.echo(f"Wrote {reasons}: {len(gone)} cases were excluded ({_told(gone)}).")


def _sides(manifest: "Manifest") -> "list[tuple[Split, int]]":
    return [(split, count) for split, count in manifest.counts.items() if count and split != "excluded"]


def _told(gone: "Sequence[Exclusion]") -> str:
    counts = Counter((one.name, one.split) for one in gone)
    return ", ".join(f"{count} of {name} {split}" for (name, split), count in sorted(counts.items())) or "nothing leaks"
