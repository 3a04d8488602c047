"""A network as an MLflow model, which MLflow serves, registers and versions."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any, Final

import monai
import torch

from dermaseg_monai import __version__
from dermaseg_monai.bundle import Sheet
from dermaseg_monai.data.demo.photograph import take_photograph
from dermaseg_monai.data.demo.plan import FEWEST_PHOTOGRAPHS, plan_set
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import make_folder, write_json
from dermaseg_monai.images import write_rgb
from dermaseg_monai.predict.segmenter import Segmenter, read_inference_sheet
from dermaseg_monai.tracking.answering_model import save_answering_model

COLUMN: Final = "photograph"
_CODE: Final = Path(__file__).with_name("served_code.py")


def save_served_model(
    out: Path,
    weights: str | Path | None = None,
    *,
    config_file: str | Path | Sequence[str | Path] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Segmenter:
    """Write a model folder that holds the weights, the sheet that they predict with, and a drawn photograph to try.

    The network has answered that photograph before the folder appears under its name. What a request and an answer hold
    says `answer`. The arguments are those of `Segmenter.load`; returns what it gives.

    Raises:
        DataError: `out` is there already, or cannot be written.
        ConfigError, WeightsError, DeviceError: as `Segmenter.load`.
    """
    if out.exists():
        raise DataError(f"{out} is there already; nothing is written over it. Choose a new place with --out.")
    segmenter = Segmenter.load(weights, config_file=config_file, overrides=overrides)
    parent = make_folder(out.absolute().parent)
    try:
        _write(out, parent, segmenter, read_inference_sheet(segmenter.weights, config_file, overrides))
    except OSError as error:
        found = f"Cannot write {out}: {error.strerror or error}"
        raise DataError(f"{found}. Choose a place that you may write to with --out.") from error
    return segmenter


def _write(out: Path, parent: Path, segmenter: Segmenter, sheet: Sheet) -> None:
    with TemporaryDirectory(prefix="dermaseg-") as sources, TemporaryDirectory(prefix=".writing-", dir=parent) as work:
        # MLflow notes where the files came from: not from here, for these folders may be named after people
        place, model = Path(sources), Path(work) / "model"
        copyfile(segmenter.weights, place / segmenter.weights.name)
        copyfile(_CODE, place / _CODE.name)
        write_json(place / "sheet.json", {**sheet.config, "weights": segmenter.weights.name})
        save_answering_model(
            model,
            code=place / _CODE.name,
            files={"weights": place / segmenter.weights.name, "sheet": place / "sheet.json"},
            column=COLUMN,
            example=_example(place),
            switches=("maps",),
            requirements=(
                f"dermaseg_monai=={__version__}",
                f"monai=={monai.__version__}",
                f"torch=={torch.__version__.partition('+')[0]}",
            ),
        )
        model.rename(out)


def _example(place: Path) -> str:
    drawn = take_photograph(plan_set(FEWEST_PHOTOGRAPHS, 0)[0], 0)
    write_rgb(place / "drawn.jpg", drawn.rgb)
    return base64.b64encode((place / "drawn.jpg").read_bytes()).decode("ascii")
