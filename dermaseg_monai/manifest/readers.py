"""The readers by name."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.manifest.case import require_split
from dermaseg_monai.manifest.decathlon_reader import index_decathlon
from dermaseg_monai.manifest.folder import index_folder
from dermaseg_monai.manifest.ham10000 import index_ham10000
from dermaseg_monai.manifest.isic import index_isic2016, index_isic2017, index_isic2018
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.ph2 import index_ph2
from dermaseg_monai.manifest.split import split_by_group

READERS: Mapping[str, Callable[..., Manifest]] = MappingProxyType(
    {
        "isic2016": index_isic2016,
        "isic2017": index_isic2017,
        "isic2018": index_isic2018,
        "ham10000": index_ham10000,
        "ph2": index_ph2,
        "folder": index_folder,
        "decathlon": index_decathlon,
    }
)


def index(
    name: str,
    /,
    root: str | Path,
    out: str | Path | None = None,
    *,
    val_share: float = 0.0,
    test_share: float = 0.0,
    **options: Any,  # noqa: ANN401 (each reader has its own)
) -> Manifest:
    """Index a data set with the reader `name`, write the manifest to `out` when it is given, and return it.

    `val_share` and `test_share` split what has no official splits, lesion by lesion (see `split_by_group`); a reader
    with shares of its own gets those that are not 0.

    Raises:
        ConfigError: no such reader, an option it does not have, or shares for a set that has splits.
        DataError: a split that is none, and what the reader finds wrong.
    """
    if name not in READERS:
        raise ConfigError(f"There is no reader {name!r}; choose one of {', '.join(READERS)}.")
    reader = READERS[name]
    known = [option for option in inspect.signature(reader).parameters if option != "root"]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise ConfigError(f"Reader {name} has no option {unknown[0]!r}; it has {', '.join(known)}.")
    if "split" in options:
        require_split(options["split"])
    shares = {key: share for key, share in (("val_share", val_share), ("test_share", test_share)) if share}
    if shares and "val_share" not in known:
        _require_unsplit(name, known, options)
    manifest = reader(root, **options, **(shares if "val_share" in known else {}))
    if shares and "val_share" not in known:
        manifest = split_by_group(manifest, val_share=val_share, test_share=test_share)
    if out is not None:
        manifest.save(out)
    return manifest


def _require_unsplit(name: str, known: list[str], options: Mapping[str, Any]) -> None:
    if "split" not in known:
        raise ConfigError(f"{name} has official splits; val_share and test_share would undo them. Leave them out.")
    given = [option for option in ("split", "split_column") if options.get(option) is not None]
    if given:
        raise ConfigError(f"{given[0]} and val_share/test_share exclude each other. Choose one way to split.")
