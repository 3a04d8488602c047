"""What a prediction folder holds already, and whether a new prediction may take its place."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.engines.stems import file_stem
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.files import read_object, sha256_of
from dermaseg_monai.manifest import Manifest

_DIGITS: Final = 8
_SUFFIXES: Final = (".png", ".nii.gz")
_ADVICE: Final = "Give another folder (--output_dir, --out), or remove this one."


def require_replaceable(
    folder: str | Path,
    *,
    case_ids: Collection[str],
    weights: str | Path | None = None,
    manifest: str | Path | None = None,
    members: Sequence[Path] = (),
) -> None:
    """Refuse a folder that holds the prediction of another network, of another manifest or of other cases.

    Who reads it afterwards would find the masks of both, and the first would be lost. The same prediction may be made
    again, also after a training went on, or after its run was moved: weights that lie beside the folder are its own.

    Args:
        folder: where the new prediction goes; it need not be there.
        case_ids: all cases of the new prediction; none where they are not known.
        weights: what predicts.
        manifest: of the cases; None where there is none, or none is known.
        members: the prediction folders whose mean is written, in place of weights.

    Raises:
        ConfigError: names what is there and what would come.
    """
    run = read_object(Path(folder) / "run.json")
    for before, now in filter(
        None, (_other_network(Path(folder), run, weights, members), _other_manifest(run, manifest))
    ):
        raise ConfigError(f"{folder} holds the prediction of {before}; this one is of {now}. {_ADVICE}")
    if others := _other_masks(Path(folder) / "masks", case_ids):
        found = f"{folder} holds masks of {len(others)} cases that are not predicted now, first {others[0]}"
        raise ConfigError(f"{found}. {_ADVICE}")


@dataclass(frozen=True)
class _Network:
    """Weights, or the members of a mean: in words, where they are, and the sha256 of one file."""

    words: str
    places: frozenset[Path]
    sha256: str | None = None

    @classmethod
    def of_weights(cls, path: str, sha256: str) -> "_Network":
        return cls(f"weights {path} (sha256 {_short(sha256)})", frozenset({Path(path).resolve()}), sha256)

    @classmethod
    def of_members(cls, folders: Sequence[str]) -> "_Network":
        return cls(f"the mean of {', '.join(folders)}", frozenset(Path(one).resolve() for one in folders))

    @property
    def names(self) -> set[str]:
        """File names of the weights, or names of the members' folders."""
        return {place.name for place in self.places}

    def is_same(self, other: "_Network") -> bool:
        return self.places == other.places or (self.sha256 is not None and self.sha256 == other.sha256)


def _other_network(
    folder: Path, run: Mapping[str, Any], weights: str | Path | None, members: Sequence[Path]
) -> tuple[str, str] | None:
    before = _network_of(run)
    if before is None or (weights is None and not members):
        return None
    if weights is not None and _lies_beside(folder, Path(weights)) and Path(weights).name in before.names:
        return None
    if members:
        now = _Network.of_members([str(folder) for folder in members])
    else:
        now = _Network.of_weights(str(weights), sha256_of(str(weights)))
    return None if before.is_same(now) else (before.words, now.words)


def _network_of(run: Mapping[str, Any]) -> _Network | None:
    """Return what predicted, as a prediction folder says it; None where it does not."""
    about, file = run.get("about"), run.get("weights")
    if isinstance(file, dict) and {"path", "sha256"} <= file.keys():
        return _Network.of_weights(str(file["path"]), str(file["sha256"]))
    members = about.get("members") if isinstance(about, dict) else None
    if not isinstance(members, list) or not members:
        return None
    return _Network.of_members([str(one["folder"]) for one in members if isinstance(one, dict) and "folder" in one])


def _other_manifest(run: Mapping[str, Any], manifest: str | Path | None) -> tuple[str, str] | None:
    before = run.get("manifest")
    if manifest is None or not isinstance(before, dict) or not isinstance(before.get("digest"), str):
        return None
    now = Manifest.load(manifest)
    if before["digest"] == now.digest:
        return None
    return (
        f"manifest {before.get('name')} (digest {_short(before['digest'])})",
        f"{manifest} ({now.name}, digest {_short(now.digest)})",
    )


def _other_masks(place: Path, case_ids: Collection[str]) -> list[str]:
    if not case_ids or not place.is_dir():
        return []
    own = {_composed(file_stem(case_id)) + suffix for case_id in case_ids for suffix in _SUFFIXES}
    # what was being written when a program was killed has a dot in front; Thumbs.db and its like are no masks
    masks = [file.name for file in place.iterdir() if file.name.endswith(_SUFFIXES) and not file.name.startswith(".")]
    return sorted(name for name in masks if _composed(name) not in own)


def _composed(name: str) -> str:
    # a copy through macOS spells ö with two characters
    return unicodedata.normalize("NFC", name)


def _lies_beside(folder: Path, weights: Path) -> bool:
    return folder.resolve().parent == weights.resolve().parent


def _short(digest: str) -> str:
    return digest[:_DIGITS]
