"""`dermaseg data split`: who is trained on, who is chosen by, who is tested on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dermaseg_monai.cli.comma_list import comma_list
from dermaseg_monai.cli.name_warning import warn_of_like_names
from dermaseg_monai.errors import ConfigError

if TYPE_CHECKING:
    from dermaseg_monai.manifest import Manifest, Split


def split(  # noqa: PLR0913 (each is one option of the command line)
    manifest: Annotated[Path, typer.Argument(help="Manifest (.json).")],
    out: Annotated[Path, typer.Option(help="Manifest to write (.json); with --folds the folder of the manifests.")],
    *,
    ratios: Annotated[str | None, typer.Option(help="Shares 70:30, 70:10:20, or counts 8016/1999.")] = None,
    folds: Annotated[int | None, typer.Option(help="Number of folds; test stays test.")] = None,
    official: Annotated[str | None, typer.Option(help="Official lists: isic2016, isic2017 or isic2018.")] = None,
    named: Annotated[
        str | None,
        typer.Option(
            help="benchmark, khan_isic2018, khan_isic2017, khan_ham10000, khan_ph2, ham10000_8016_1999; the published "
            "ones also as NAME_grouped."
        ),
    ] = None,
    table: Annotated[Path | None, typer.Option(help="Your own list: CSV with the columns id and split.")] = None,
    parts: Annotated[
        str | None, typer.Option(help="Where the parts go, e.g. train,val; default: train,test or train,val,test.")
    ] = None,
    stratify: Annotated[str | None, typer.Option(help="Attributes with equal shares everywhere, e.g. dx,sex.")] = None,
    licence: Annotated[str | None, typer.Option(help="Keep these licences, e.g. CC-0; exclude the others.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw; written into the manifest.")] = 0,
    scale: Annotated[bool, typer.Option("--scale", help="Keep proportions when counts do not fit.")] = False,
    allow_leaks: Annotated[
        bool, typer.Option("--allow-leaks", help="Take a list that divides lesions or patients.")
    ] = False,
) -> None:
    """Write a manifest with new splits. Lesions, patients, groups and same pictures stay on one side.

    The draw depends on ids, groups and seed alone. Cases that are excluded stay so.
    """
    from dataclasses import replace  # noqa: PLC0415

    from dermaseg_monai.cli.split_report import show_folds, show_split  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest, fold_manifests, select_licences  # noqa: PLC0415
    from dermaseg_monai.manifest.named_splits import BENCHMARK, require_official  # noqa: PLC0415

    ways = {"--ratios": ratios, "--folds": folds, "--official": official, "--named": named, "--table": table}
    given = [option for option, value in ways.items() if value is not None]
    if len(given) > 1 or not (given or licence):
        said = " and ".join(given) + " exclude each other" if given else "Nothing says how to split"
        raise ConfigError(f"{said}. Choose one of {', '.join(ways)}, or select with --licence alone.")
    whole = Manifest.load(manifest)
    warn_of_like_names([whole])
    found = select_licences(whole, comma_list(licence)) if licence else whole
    said = [f"licence {licence}"] if licence else []
    classes = comma_list(stratify)
    if folds is not None:
        _refuse("--folds", {"--parts": parts, "--scale": scale, "--allow-leaks": allow_leaks})
        made = fold_manifests(found, folds, seed=seed, stratify=classes)
        made = [replace(fold, division="; ".join([*said, fold.division or ""])) for fold in made]
        _save_folds(made, out)
        show_folds({out / _fold_name(number): fold for number, fold in enumerate(made, 1)}, classes, before=whole)
        return
    if official is not None:
        require_official(official)
    sides = _sides(parts)
    if ratios is not None:
        _refuse("--ratios", {"--allow-leaks": allow_leaks})
        found, how = _by_ratios(found, ratios, sides, seed=seed, stratify=classes, scale=scale)
        said.append(how)
    elif named is not None and named != BENCHMARK:
        _refuse("--named", {"--allow-leaks": allow_leaks})
        found, how = _by_name(found, named, sides, seed=seed, stratify=classes, scale=scale)
        said.append(how)
    elif given:
        _refuse(given[0], {"--parts": parts, "--scale": scale, "--seed": seed})
        found, how = _by_list(found, named or official, table, allow_leaks=allow_leaks)
        said.append(how)
    else:
        _refuse("--licence alone", {"--parts": parts, "--scale": scale, "--allow-leaks": allow_leaks, "--seed": seed})
    found = replace(found, division="; ".join(said))
    found.save(out)
    show_split(found, classes, where=out, before=whole, name=named)


def _by_ratios(
    manifest: "Manifest",
    ratios: str,
    sides: "tuple[Split, ...] | None",
    *,
    seed: int,
    stratify: list[str],
    scale: bool,
) -> "tuple[Manifest, str]":
    from dermaseg_monai.manifest import split_by_size  # noqa: PLC0415
    from dermaseg_monai.manifest.ratios import sizes  # noqa: PLC0415
    from dermaseg_monai.manifest.split import taking_part  # noqa: PLC0415

    counts = sizes(ratios, len(taking_part(manifest)), scale=scale)
    usual: tuple[Split, ...] = ("train", "test") if len(counts) == 2 else ("train", "val", "test")  # noqa: PLR2004
    places = sides or usual
    if len(places) != len(counts):
        raise ConfigError(f"--parts {','.join(places)}: {ratios} has {len(counts)} parts. Name as many splits.")
    made = split_by_size(manifest, dict(zip(places, counts, strict=True)), seed=seed, stratify=stratify)
    scaled = " scaled" if scale else ""
    classes = f", stratified by {', '.join(stratify)}" if stratify else ""
    return made, f"ratios {ratios}{scaled} into {', '.join(places)}, seed {seed}, whole groups{classes}"


def _by_name(
    manifest: "Manifest",
    name: str,
    sides: "tuple[Split, ...] | None",
    *,
    seed: int,
    stratify: list[str],
    scale: bool,
) -> "tuple[Manifest, str]":
    from dermaseg_monai.manifest import named_split, split_by_name  # noqa: PLC0415

    made = split_by_name(manifest, name, parts=sides, seed=seed, stratify=stratify, scale=scale)
    known = named_split(name)
    typer.echo(f"{known.source}: the sizes are published, the ids are not. This is our own draw of these sizes.")
    scaled = " scaled to what is there" if scale else ""
    how = "whole groups" if known.grouped else "by image"
    classes = f", stratified by {', '.join(stratify)}" if stratify else ""
    return made, f"{name}{scaled}, sizes of {known.source}, our draw, seed {seed}, {how}{classes}"


def _by_list(
    manifest: "Manifest", name: str | None, table: Path | None, *, allow_leaks: bool
) -> "tuple[Manifest, str]":
    from dermaseg_monai.manifest import divided  # noqa: PLC0415
    from dermaseg_monai.manifest.id_lists import apply_list, coverage, read_list, shipped_list  # noqa: PLC0415

    listed = read_list(table) if table is not None else shipped_list(name or "")
    said = table.name if table is not None else str(name)
    made = apply_list(manifest, listed, name=said)
    typer.echo(f"Of the list {said} the manifest has: {coverage(manifest, listed)}.")
    found = divided(made)
    if found is not None and not allow_leaks:
        from dermaseg_monai.errors import LeakError  # noqa: PLC0415

        raise LeakError(
            f"The list {said} divides groups: {found}. Take it as it is with --allow-leaks and get its "
            "leak-free subset with `dermaseg data leaks`, or split in whole groups with --ratios."
        )
    return made, f"list {said}" + (", divided groups allowed" if found is not None else "")


def _save_folds(made: "list[Manifest]", out: Path) -> None:
    import tempfile  # noqa: PLC0415

    from dermaseg_monai.files import make_folder  # noqa: PLC0415

    if out.suffix == ".json" or out.is_file():
        raise ConfigError(f"--out {out}: folds go into a folder, one manifest each. Give a folder, empty or new.")
    if out.is_dir() and any(out.iterdir()):
        raise ConfigError(f"--out {out} holds files. Folds of two draws must not mix: give a folder, empty or new.")
    # all folds or none: the folder appears when the last one is written
    with tempfile.TemporaryDirectory(dir=make_folder(out.absolute().parent), prefix=".writing-") as name:
        folder = make_folder(Path(name) / out.name)
        for number, fold in enumerate(made, start=1):
            fold.save(folder / _fold_name(number))
        folder.replace(out)


def _fold_name(number: int) -> str:
    return f"fold{number}.json"


def _sides(parts: str | None) -> "tuple[Split, ...] | None":
    from dermaseg_monai.manifest import SPLITS  # noqa: PLC0415

    if parts is None:
        return None
    words = comma_list(parts)
    wrong = [word for word in words if word not in SPLITS[:3]]
    if wrong or len(set(words)) < len(words):
        raise ConfigError(f"--parts {parts}: name train, val and test, each once, in the order of the parts.")
    return tuple(split for word in words for split in SPLITS if split == word)


def _refuse(way: str, options: dict[str, object]) -> None:
    idle = [option for option, value in options.items() if value]
    if idle:
        raise ConfigError(f"{idle[0]} says nothing beside {way}. Leave it out.")
