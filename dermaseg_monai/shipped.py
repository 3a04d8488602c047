"""Files that come with the package: in the checkout, or where the installer put them."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import dermaseg_monai


def shipped_files(folder: str, suffix: str) -> dict[str, Path]:
    """Return the files of a folder of the checkout, or of the installed copy, by their names without suffix."""
    own = Path(dermaseg_monai.__file__).resolve().parents[1] / folder
    found = own.glob(f"*{suffix}") if own.is_dir() else installed_files(folder, suffix)
    return {path.name.removesuffix(suffix): path for path in sorted(found)}


def installed_files(folder: str, suffix: str) -> list[Path]:
    """Return the files of a folder of the installed copy; none where the package is not installed."""
    # RECORD knows where the installer put the shared files, whichever scheme it used
    try:
        package = distribution("dermaseg_monai")
    except PackageNotFoundError:
        return []
    files = [file for file in package.files or [] if f"/{file.parent}".endswith(f"/{folder}")]
    return [Path(str(package.locate_file(file))) for file in files if file.name.endswith(suffix)]
