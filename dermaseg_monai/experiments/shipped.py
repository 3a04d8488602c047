"""Where the shipped specs are: the folder `ablations` of the checkout, or of the installed copy."""

from pathlib import Path

from dermaseg_monai.bundle import project_root
from dermaseg_monai.experiments.spec import require_known
from dermaseg_monai.shipped import installed_files


def find_spec(name: str) -> Path:
    """Return the file of a spec: `name` itself when it is a path, else the shipped one of that name.

    Raises:
        ConfigError: there is no such file; offers the nearest shipped name.
    """
    if name.endswith((".yaml", ".yml")) or Path(name).is_file():
        return Path(name)
    files = [*installed_files("ablations", ".yaml"), *(project_root() / "ablations").glob("*.yaml")]
    shipped = {file.stem: file for file in files}
    require_known([name], shipped, what="ablation", where="dermaseg ablate")
    return shipped[name]
