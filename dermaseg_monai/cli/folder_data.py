"""Which pictures a prediction folder is of: the manifest and the folder of data that its record names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.bundle.roots import project_path
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.report.predictions import read_run

_DRAWN: Final = ("dermaseg_monai.data.demo_manifest", "dermaseg_monai.data.volume_manifest")
_BELOW_PROJECT: Final = "dermaseg_monai.bundle.project_path"


def folder_data(folder: Path, manifest: Path | None, dataset_dir: Path | None) -> tuple[Path, Path]:
    """Return manifest and dataset_dir, each as given or else as `run.json` of the folder says.

    Raises:
        ConfigError: one is not given, and run.json does not say it.
    """
    own = data_of(read_run(folder).get("config"))
    if own is None and (manifest is None or dataset_dir is None):
        raise ConfigError(
            f"{folder / 'run.json'} does not say which cases were predicted. "
            "Give them: --manifest FILE --dataset-dir FOLDER."
        )
    given = own or (Path(), Path())
    return manifest or given[0], dataset_dir or given[1]


def data_of(config: object) -> tuple[Path, Path] | None:
    """Return manifest and dataset_dir of a sheet, or None where it does not name both.

    Nothing of the sheet is built: it may be a stranger's, and a component is called by any name that Python can import.
    """
    if not isinstance(config, Mapping):
        return None
    manifest, dataset_dir = (_place(config.get(key), config) for key in ("manifest", "dataset_dir"))
    return None if manifest is None or dataset_dir is None else (Path(manifest), Path(dataset_dir))


def _place(value: Any, config: Mapping[str, Any]) -> str | None:  # noqa: ANN401 (whatever stands there)
    for _ in range(len(config) + 1):  # a reference to a reference, and no circle
        if not (isinstance(value, str) and value.startswith("@")):
            break
        value = config.get(value[1:])
    if isinstance(value, str):
        return None if value.startswith(("@", "%", "$")) else value
    if not isinstance(value, Mapping):
        return None
    if value.get("_target_") == _BELOW_PROJECT and isinstance(value.get("path"), str):
        return project_path(value["path"])
    folder = _place(value.get("folder"), config) if value.get("_target_") in _DRAWN else None
    return None if folder is None else str(Path(folder) / "manifest.json")
