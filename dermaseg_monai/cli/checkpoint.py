"""From a checkpoint to a prediction folder: its own sheet lies beside it, and its bundle evaluates it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.bundle.output_folder import evaluation_folder
from dermaseg_monai.bundle.roots import bundle_root
from dermaseg_monai.cli.own_sheet import require_own
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.files import write_json
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.report.predictions import read_run
from dermaseg_monai.tracking.parameters import lost_login

_WEIGHTS: Final = "model.safetensors"
_SAID: Final = "dermaseg: error: "
_ABOUT: Final = {"meta_file": "metadata.json", "logging_file": "logging.conf"}
_OF_THE_TRAINING: Final = {"resume": None, "initial_weights": None, "run_name": None}
"""What an evaluation must not take over: it is a run of its own."""


@dataclass(frozen=True)
class Checkpoint:
    """Weights and what they were trained with.

    Attributes:
        weights: `model.safetensors`.
        bundle: folder of the bundle.
        config: the whole sheet of the training.
    """

    weights: Path
    bundle: Path
    config: Mapping[str, Any]

    @classmethod
    def find(cls, path: Path) -> "Checkpoint":
        """Return the checkpoint of a run folder, of one of its files, or of a bundle's shipped weights.

        Raises:
            ConfigError: there are no weights, nothing says how they were trained, or their sheet is not their bundle's.
        """
        weights = _weights(path)
        folder = weights.resolve().parent
        train = folder.parent / "configs" / "train.json"
        if folder.name == "models" and train.is_file():
            return cls(weights, folder.parent, json.loads(train.read_text(encoding="utf-8")))
        run = read_run(folder)
        config, bundle = run.get("config"), run.get("bundle")
        if not isinstance(config, dict) or not config or not isinstance(bundle, str):
            raise ConfigError(
                f"{weights} has no configuration beside it: {folder / 'run.json'} of its training is not there or says "
                "nothing. Copy it there, or evaluate yourself and give the prediction folder: dermaseg panels FOLDER."
            )
        if bundle != Path(bundle).name or bundle in ("", ".", ".."):
            raise ConfigError(f"{folder / 'run.json'} names no bundle: {bundle!r}. It is the name of a folder alone.")
        root = Path(bundle_root(bundle))
        require_own(config, root, where=folder / "run.json")
        return cls(weights, root, config)

    def prediction_folder(self, split: str, manifest: Path | None = None) -> Path:
        """Return where the evaluation on a split goes; that of another manifest than the run's own has its digest."""
        own = Path(evaluation_folder(str(self.weights), split))
        return own if manifest is None else own.with_name(f"{own.name}_{Manifest.load(manifest).digest[:8]}")

    def is_evaluated(self, folder: Path) -> bool:
        """Say whether a prediction folder is whole and not older than the weights."""
        table = folder / "cases.csv"  # written last
        return table.is_file() and table.stat().st_mtime >= self.weights.stat().st_mtime

    def evaluate(self, folder: Path, split: str, *, manifest: Path | None, dataset_dir: Path | None) -> None:
        """Evaluate into `folder`, in a process of its own, without evaluation of code in sheets.

        Raises:
            ConfigError: the bundle cannot be evaluated, or the evaluation failed; says what it said.
        """
        overlay = self.bundle / "configs" / "evaluate.json"
        if not overlay.is_file():
            raise ConfigError(f"Bundle {self.bundle} has no configs/evaluate.json. Give a prediction folder instead.")
        sheet = folder / "trained_with.json"
        write_json(sheet, self.sheet())
        values = {"weights": self.weights, "output_dir": folder, "manifest": manifest, "dataset_dir": dataset_dir}
        words = [f"--{key}={Path(value).resolve()}" for key, value in values.items() if value is not None]
        files = [str(sheet.resolve()), str(overlay)]
        about = [f"--{key}={overlay.with_name(name)}" for key, name in _ABOUT.items()]
        _run(["evaluating", f"--config_file={files!r}", *about, f"--split={split}", *words])

    def sheet(self) -> dict[str, Any]:
        """Return the sheet of the training without what an evaluation must not take over."""
        sheet = dict(self.config) | {key: value for key, value in _OF_THE_TRAINING.items() if key in self.config}
        if lost_login(str(sheet.get("tracking_uri"))):  # its password was left out of run.json
            sheet["tracking_uri"] = {"_target_": "dermaseg_monai.bundle.tracking_uri"}
        return sheet


def _weights(path: Path) -> Path:
    if not path.exists():
        raise ConfigError(f"There is no {path}. Give a run (runs/BUNDLE/TIME), its {_WEIGHTS}, or a prediction folder.")
    if path.is_file():
        weights = path if path.suffix == ".safetensors" else path.with_name(_WEIGHTS)
    else:
        weights = path / _WEIGHTS
    if not weights.is_file():
        more = " (its training has saved none yet)" if weights.with_name("last.ckpt").is_file() else ""
        raise ConfigError(
            f"{path} is neither a prediction folder (cases.csv) nor a run with weights: no {weights}{more}. "
            f"Give a run (runs/BUNDLE/TIME), its {_WEIGHTS}, or a prediction folder."
        )
    return weights


def _run(words: list[str]) -> None:
    command = [sys.executable, "-m", "monai.bundle", "run", *words]
    done = subprocess.run(  # noqa: S603 (our own Python)
        command, env={**os.environ, "MONAI_EVAL_EXPR": "0"}, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        ours = [line.removeprefix(_SAID) for line in said if line.startswith(_SAID)]
        reason = (ours or said or [f"it ended with code {done.returncode}"])[-1]
        raise ConfigError(f"The evaluation failed: {reason}")
