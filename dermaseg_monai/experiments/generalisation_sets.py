"""The data sets of a matrix: manifests with the folders of their files and the names they go by."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.spec import require_known
from dermaseg_monai.manifest import Manifest, Split

_LEAST: Final = 2


@dataclass(frozen=True)
class DataSet:
    """One data set: a name that no other of the matrix has, its manifest (file, content), the folder of its files."""

    name: str
    path: Path
    manifest: Manifest
    folder: Path

    @property
    def slug(self) -> str:
        """The name as part of a file name."""
        return slug(self.name)


def read_sets(manifests: Sequence[Path], dataset_dirs: Sequence[str], *, split: Split) -> list[DataSet]:
    """Return the data sets, each with cases to be tested on.

    A set has its manifest's name; where two have the same, the names of the files.

    Args:
        manifests: at least two files, of different content.
        dataset_dirs: a folder per manifest in their order, or `NAME=FOLDER`; without one the manifest's own folder.
        split: what every network is tested on.

    Raises:
        ConfigError: fewer than two sets, one given twice, names that cannot be told apart, or folders that fit no set.
        DataError: a manifest cannot be read, or holds nothing in `split`.
    """
    loaded = [Manifest.load(path) for path in manifests]
    names = _names(manifests, loaded)
    folders = _folders(names, manifests, dataset_dirs)
    for manifest in loaded:
        manifest.in_split(split)
    return [
        DataSet(name, path.resolve(), manifest, folders[name])
        for name, path, manifest in zip(names, manifests, loaded, strict=True)
    ]


def slug(text: str) -> str:
    """Return a text as part of a file name."""
    return re.sub(r"[^\w.]+", "_", text)


def named(words: Sequence[str], names: Sequence[str], *, option: str) -> dict[str, str]:
    """Return `NAME=VALUE` words as a mapping.

    Raises:
        ConfigError: a word has another form, names no set (offers the nearest) or names one twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise ConfigError(f"{option} {word}: expected NAME=PATH, as in {option} {names[0]}=PATH.")
        require_known([name], names, what="data set", where=option)
        if name in found:
            raise ConfigError(f"{option} names {name} twice. Give it once.")
        found[name] = value
    return found


def _names(paths: Sequence[Path], manifests: Sequence[Manifest]) -> list[str]:
    if len(manifests) < _LEAST:
        raise ConfigError(f"{len(manifests)} manifest is given, but a matrix needs two or more: A.json B.json.")
    digests = [manifest.digest for manifest in manifests]
    for path, digest in zip(paths, digests, strict=True):
        if digests.count(digest) > 1:
            raise ConfigError(f"{path} is given twice (digest {digest[:12]}). Give every data set once.")
    for names in ([manifest.name for manifest in manifests], [path.stem for path in paths]):
        if max(Counter(map(slug, names)).values()) == 1:
            return names
    twice = ", ".join(map(str, paths))
    raise ConfigError(f"Neither the names in {twice} nor those of the files tell the sets apart. Rename the files.")


def _folders(names: Sequence[str], paths: Sequence[Path], given: Sequence[str]) -> Mapping[str, Path]:
    beside = {name: path.resolve().parent for name, path in zip(names, paths, strict=True)}
    if not any(word.partition("=")[0] in names for word in given):  # a folder may have an = in its name
        if given and len(given) != len(names):
            raise ConfigError(
                f"{len(given)} --dataset-dir for {len(names)} manifests. Give one for each, in their order, "
                f"or name them: --dataset-dir {names[0]}=FOLDER."
            )
        return {**beside, **dict(zip(names, (Path(word).resolve() for word in given), strict=False))}
    found = named(given, names, option="--dataset-dir")
    return {**beside, **{name: Path(word).resolve() for name, word in found.items()}}
