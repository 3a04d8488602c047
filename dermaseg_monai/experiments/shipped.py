"""Where the shipped specs are: the folder `ablations` of the checkout, or of the installed copy."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from dermaseg_monai.bundle import project_root
from dermaseg_monai.experiments.spec import require_known

_FOLDER: Final = "ablations"


def find_spec(name: str) -> Path:
    """Return the file of a spec: `name` itself when it is a path, else the shipped one of that name.

    Raises:
        ConfigError: there is no such file; offers the nearest shipped name.
    """
    if name.endswith((".yaml", ".yml")) or Path(name).is_file():
        return Path(name)
    shipped = {file.stem: file for file in [*_installed(), *(project_root() / _FOLDER).glob("*.yaml")]}
    require_known([name], shipped, what="ablation", where="dermaseg ablate")
    return shipped[name]


def _installed() -> list[Path]:
    # RECORD knows where the installer put the shared files, whichever scheme it used
    try:
        package = distribution("dermaseg_monai")
    except PackageNotFoundError:
        return []
    files = [Path(str(package.locate_file(file))) for file in package.files or []]
    return [file for file in files if file.suffix == ".yaml" and file.parent.name == _FOLDER]
