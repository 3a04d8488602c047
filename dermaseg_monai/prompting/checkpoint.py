"""SAM weights in the Hugging Face form, from a folder or from the hub, loaded only when they are all there."""

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from dermaseg_monai.engines import read_weights
from dermaseg_monai.errors import MissingExtraError, WeightsError, install_extra
from dermaseg_monai.files import parse_json

if TYPE_CHECKING:
    from transformers import SamModel

logger = logging.getLogger(__name__)

SAFE, PICKLED, CONFIG = "model.safetensors", "pytorch_model.bin", "config.json"

_HUB_NAME = re.compile(r"[\w\-][\w.\-]*/[\w\-][\w.\-]*")
_NAMED = 3


def weights_file(checkpoint: str | Path) -> Path:
    """Return the weights file of a checkpoint: a local folder, else a name of the Hugging Face hub (owner/name).

    From the hub come `config.json` and one weights file, into the hub's own cache. `model.safetensors` is taken where
    there is one, else `pytorch_model.bin`, which is read without running the code that such a file may hold.

    Raises:
        WeightsError: there is no such folder, it lacks a file, or the hub does not give it.
        MissingExtraError: the hub is asked and the extra `sam` is not installed.
    """
    folder = Path(checkpoint).expanduser()
    if folder.is_file():
        raise WeightsError(f"{folder} is a file. Give the folder that holds {CONFIG} and {SAFE}: --checkpoint FOLDER.")
    if not folder.is_dir():
        folder = _fetched(str(checkpoint))
    for name in (SAFE, PICKLED):
        if (folder / name).is_file() and (folder / CONFIG).is_file():
            return folder / name
    raise WeightsError(f"{folder} does not hold {CONFIG} and {SAFE}. {_how_to_get(str(checkpoint))}")


def load_sam(file: Path) -> "SamModel":
    """Return SAM with the weights of a file, in float32 on the CPU, in evaluation mode; `config.json` lies beside it.

    Raises:
        WeightsError: the configuration is not SAM's, the file is damaged, or tensors are missing or of another shape.
        MissingExtraError: the extra `sam` is not installed.
    """
    require_extra()
    from transformers import SamConfig, SamModel  # noqa: PLC0415 (seconds to import, and an extra)
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

    disable_progress_bar()
    _require_sam(file.with_name(CONFIG))
    config = SamConfig.from_pretrained(file.parent, local_files_only=True)
    try:
        loaded: Any = SamModel.from_pretrained(
            None, config=config, state_dict=read_weights(file), dtype=torch.float32, output_loading_info=True
        )
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{file} does not fit the {CONFIG} beside it: {reason}. Get both again.") from error
    model, found = loaded  # its types know the model alone
    missing = sorted(found["missing_keys"])
    if missing:
        named = ", ".join(missing[:_NAMED])
        raise WeightsError(f"{file} lacks {len(missing)} tensors of SAM ({named}, ...). {_how_to_get('OWNER/NAME')}")
    if found["unexpected_keys"]:
        logger.warning("%s holds %d tensors that SAM does not have.", file, len(found["unexpected_keys"]))
    return model.eval()


def require_extra() -> None:
    """Check that transformers can be imported.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import transformers  # noqa: F401, PLC0415
    except ImportError as error:
        message = f"SAM needs transformers, which is not installed. In the checkout: {install_extra('sam')}"
        raise MissingExtraError(message) from error


def _fetched(name: str) -> Path:
    if not _HUB_NAME.fullmatch(name):
        raise WeightsError(f"There is no folder {name}, and it is no name of the hub. {_how_to_get('OWNER/NAME')}")
    require_extra()
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    try:
        folder = Path(snapshot_download(name, allow_patterns=[CONFIG, SAFE]))
        if not (folder / SAFE).is_file():
            folder = Path(snapshot_download(name, allow_patterns=[CONFIG, PICKLED]))
    except Exception as error:  # the hub's client raises its own, its HTTP library's and the system's
        reason = " ".join(str(error).split())[:200]
        found = f"There is no folder {name}, and the Hugging Face hub did not give it ({reason})"
        raise WeightsError(f"{found}. {_how_to_get(name)}") from error
    return folder


def _require_sam(path: Path) -> None:
    try:
        kind = parse_json(path.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path} cannot be read as the configuration of a model. Get it again.") from error
    if kind != "sam":
        raise WeightsError(
            f"{path} describes a model of type {kind!r}; SAM and MedSAM have 'sam'. SAM 2 and later are not known here."
        )


def _how_to_get(name: str) -> str:
    return (
        f"Where there is internet, `hf download {name} --local-dir FOLDER`; copy the folder here and give "
        "--checkpoint FOLDER."
    )
