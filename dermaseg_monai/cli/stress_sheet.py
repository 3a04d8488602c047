"""From the name of a bundle to its trained network, put together as its evaluation does."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from dermaseg_monai.bundle.components import build_components
from dermaseg_monai.bundle.output_folder import latest_weights
from dermaseg_monai.bundle.roots import bundle_root
from dermaseg_monai.bundle.sheet import Sheet, read_sheet
from dermaseg_monai.cli.checkpoint import Checkpoint
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.files import sha256_of, write_json

if TYPE_CHECKING:  # these bring torch, which `dermaseg --help` does not wait for
    from dermaseg_monai.assurance import Evaluation

_SCORER: Final = "dermaseg_monai.engines.CaseScorer"
_PREDICTED_BY: Final = ("network_def", "image_size", "amp", "threshold")
_VALIDATE: Final = ("preprocessing", "inferer", "postprocessing")


@dataclass(frozen=True)
class StressSheet:
    """The evaluate sheet of a bundle, merged with the sheet that the weights were trained with.

    Attributes:
        bundle: its folder.
        weights: `model.safetensors`.
        sheet: the merged values.
    """

    bundle: Path
    weights: Path
    sheet: Sheet

    @classmethod
    def open(
        cls, bundle: str, *, weights: Path | None, overlays: Sequence[str], values: Mapping[str, str]
    ) -> "StressSheet":
        """Find the weights and the sheets of a bundle, and merge them.

        Args:
            bundle: name or folder.
            weights: run folder or weights file; None takes those that an evaluation would.
            overlays: further sheets, laid over the evaluate sheet: a file, or a name in the bundle's configs.
            values: of shared keys, over all sheets.

        Raises:
            ConfigError: there is no such bundle, sheet or weights file, or they do not belong together.
        """
        os.environ["MONAI_EVAL_EXPR"] = "0"  # read when MONAI is imported
        root = _folder(bundle)
        train, evaluate = root / "configs" / "train.json", root / "configs" / "evaluate.json"
        if not train.is_file() or not evaluate.is_file():
            raise ConfigError(
                f"Bundle {root.name} trains no network of its own (configs/train.json and evaluate.json). "
                "Give one that does: dermaseg stress ba_deeplab MANIFEST."
            )
        found = _checkpoint(root, Path(latest_weights(root.name)) if weights is None else weights)
        files = [evaluate, *(_overlay(root, name) for name in overlays)]
        with TemporaryDirectory() as folder:
            trained = Path(folder) / "trained_with.json"
            write_json(trained, found.sheet())
            sheet = read_sheet([str(trained), *map(str, files)], {**values, "weights": str(found.weights.resolve())})
        return cls(root, found.weights, Sheet(tuple(map(str, files)), sheet.overrides, sheet.config))

    @property
    def seed(self) -> int:
        """Of the sheet; the bootstrap's."""
        return int(self.sheet.config.get("seed", 0))

    @property
    def batch_size(self) -> int:
        """Of the sheet."""
        return int(self.sheet.config.get("batch_size", 1))

    def plan(self) -> dict[str, Any]:
        """Return what the predictions depend on, as JSON."""
        config = self.sheet.config
        about = {key: config.get(key) for key in _PREDICTED_BY}
        about |= {key: config["validate"][key] for key in _VALIDATE} | {"scorer": self._scorer()}
        return {"weights": sha256_of(self.weights), "sheet": json.loads(json.dumps(about))}

    def build(self) -> "Evaluation":
        """Build the network and what stands before and behind it.

        Raises:
            DermasegError: what a component says, such as weights that do not fit.
        """
        from dermaseg_monai.assurance import Evaluation  # noqa: PLC0415
        from dermaseg_monai.engines import pick_device  # noqa: PLC0415
        from dermaseg_monai.engines.memory_predictor import MemoryPredictor  # noqa: PLC0415

        scorer = self._scorer()
        names = ["trained_network", "device", *(f"validate#{key}" for key in _VALIDATE)]
        network, device, *parts = build_components(self.sheet.config, names).values()
        predictor = MemoryPredictor(
            network=network, device=pick_device(str(device)), **dict(zip(_VALIDATE, parts, strict=True))
        )
        return Evaluation(predictor, threshold=float(scorer["threshold"]), both_empty=float(scorer["both_empty"]))

    def _scorer(self) -> Mapping[str, Any]:
        handlers = self.sheet.config["validate"].get("handlers", [])
        found = [one for one in handlers if isinstance(one, dict) and one.get("_target_") == _SCORER]
        if not found:
            raise ConfigError(
                f"The sheets {', '.join(self.sheet.files)} score nothing: no {_SCORER} in their handlers."
            )
        return found[0]


def mirrors(inferer: object) -> bool:
    """Say whether an inferer, or one inside it, averages over mirror images."""
    from dermaseg_monai.engines import FlipInferer  # noqa: PLC0415

    while inferer is not None:
        if isinstance(inferer, FlipInferer):
            return True
        inferer = getattr(inferer, "inferer", None)
    return False


def _folder(bundle: str) -> Path:
    given = Path(bundle)
    return given.resolve() if (given / "configs" / "metadata.json").is_file() else Path(bundle_root(bundle))


def _checkpoint(root: Path, weights: Path) -> Checkpoint:
    file = weights / "model.safetensors" if weights.is_dir() else weights
    if not file.is_file():
        raise ConfigError(f"There are no weights {file}. Give a run folder or its model.safetensors: --weights PATH.")
    if not (file.parent / "run.json").is_file():  # nothing else is known of it: the bundle's own sheet
        return Checkpoint(file, root, json.loads((root / "configs" / "train.json").read_text(encoding="utf-8")))
    found = Checkpoint.find(file)
    if found.bundle.resolve() != root.resolve():
        raise ConfigError(
            f"{file} was trained with the bundle {found.bundle.name}, not {root.name}. "
            f"Run: dermaseg stress {found.bundle.name} MANIFEST --weights {weights}."
        )
    return found


def _overlay(root: Path, name: str) -> Path:
    given = Path(name)
    if given.is_file():
        return given.resolve()
    own = root / "configs" / (name if given.suffix == ".json" else f"{name}.json")
    if not own.is_file():
        raise ConfigError(f"There is no overlay {name}: neither a file nor {own}. Give a JSON sheet: --overlay FILE.")
    return own
