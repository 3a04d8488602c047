"""Where the checkout, the bundles and the tracking store are, whatever the current folder is."""

import os
from pathlib import Path

import dermaseg_monai
from dermaseg_monai.errors import ConfigError, did_you_mean
from dermaseg_monai.shipped import installed_files


def project_root() -> Path:
    """Return the checkout the package is imported from, or the current folder for an installed copy."""
    checkout = Path(dermaseg_monai.__file__).resolve().parents[1]
    return checkout if (checkout / "setup.cfg").is_file() and (checkout / "bundles").is_dir() else Path.cwd()


def project_path(path: str) -> str:
    """Return `path` below the project root, absolute."""
    return str(project_root() / path)


def bundle_root(name: str) -> str:
    """Return the folder of a bundle, absolute.

    Looked up in this order: `$DERMASEG_BUNDLES/name`, the current folder when it has that name, `bundles/name` below
    the current folder, the checkout, the installed copy. A folder counts when it holds `configs/metadata.json`.

    Raises:
        ConfigError: no folder of that name is a bundle.
    """
    here = Path.cwd()
    installed = [file.parents[1] for file in installed_files(f"bundles/{name}/configs", "metadata.json")]
    places = [here / "bundles" / name, project_root() / "bundles" / name, *installed]
    if here.name == name:
        places.insert(0, here)
    if os.environ.get("DERMASEG_BUNDLES"):
        places.insert(0, Path(os.environ["DERMASEG_BUNDLES"]) / name)
    for place in places:
        if (place / "configs" / "metadata.json").is_file():
            return str(place.resolve())
    looked = dict.fromkeys(place.parent for place in places)
    known = {file.parents[1].name for folder in looked for file in folder.glob("*/configs/metadata.json")}
    hint = did_you_mean(name, sorted(known), otherwise="Set DERMASEG_BUNDLES to the folder that holds it.")
    raise ConfigError(f"No bundle named '{name}': looked in {', '.join(map(str, looked))}. {hint}")


def tracking_uri() -> str:
    """Return `sqlite:///<project root>/mlflow.db`, the store that a plain `mlflow ui` started there shows.

    Raises:
        ConfigError: the project lies in a folder whose name no address of a store can hold.
    """
    place = project_root() / "mlflow.db"
    if "?" in str(place):
        raise ConfigError(
            f"MLflow would cut {place} at the question mark. Give the store another place: --tracking_uri sqlite:///FILE."
        )
    return f"sqlite:///{place}"
