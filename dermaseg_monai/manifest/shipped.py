"""Where the shipped id lists and scopes are: `data_manifests` of the checkout, or of the installed copy."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final, Literal

import dermaseg_monai

_FOLDER: Final = "data_manifests"


def shipped_files(kind: Literal["splits", "scopes"], suffix: str) -> dict[str, Path]:
    """Return the shipped files of a kind by their names without suffix."""
    own = Path(dermaseg_monai.__file__).resolve().parents[1] / _FOLDER / kind
    found = sorted(own.glob(f"*{suffix}")) if own.is_dir() else _installed(kind, suffix)
    return {path.name.removesuffix(suffix): path for path in found}


def _installed(kind: str, suffix: str) -> list[Path]:
    # RECORD knows where the installer put the shared files, whichever scheme it used
    try:
        package = distribution("dermaseg_monai")
    except PackageNotFoundError:
        return []
    files = [Path(str(package.locate_file(file))) for file in package.files or []]
    return sorted(file for file in files if file.name.endswith(suffix) and file.parts[-3:-1] == (_FOLDER, kind))
