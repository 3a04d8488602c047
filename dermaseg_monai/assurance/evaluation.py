"""A trained network with all that its own evaluation puts before and behind it, for photographs in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from monai.data.meta_tensor import MetaTensor
from monai.inferers.inferer import Inferer
from monai.networks.utils import eval_mode
from monai.transforms.compose import Compose
from monai.transforms.io.dictionary import LoadImaged
from monai.utils.enums import MetaKeys
from torch import nn

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.assurance.photograph import Photograph
from dermaseg_monai.engines.batch import plain
from dermaseg_monai.engines.samples import channel
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.metrics import CaseScore, score_case

_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network made of one photograph; both masks on the grid that the evaluation scores on."""

    case_id: str
    pred: BoolMask
    label: BoolMask


class Evaluation:
    """Predicts and scores photographs in memory as an evaluate sheet does it for files.

    The sheet's preprocessing runs without its LoadImaged, everything else is used as it is.

    Args:
        network: with its weights, on the device.
        inferer: of the sheet; with or without mirror images.
        preprocessing: of the sheet, a Compose over `image` and `label`.
        postprocessing: of the sheet; leaves `pred` and `label` on one grid.
        device: where the network is.
        threshold: a pixel is lesion where what the postprocessing leaves is at least this.
        both_empty: score of an empty prediction of an empty label.

    Raises:
        ConfigError: the preprocessing is no Compose.
    """

    def __init__(
        self,
        *,
        network: nn.Module,
        inferer: Inferer,
        preprocessing: Callable[..., Any],
        postprocessing: Callable[..., Any],
        device: torch.device,
        threshold: float,
        both_empty: float,
    ) -> None:
        if not isinstance(preprocessing, Compose):
            found = type(preprocessing).__name__
            raise ConfigError(f"The sheet's validate#preprocessing is a {found}; a Compose was expected.")
        self.network, self.inferer, self.device = network, inferer, device
        self.preprocessing = Compose([step for step in preprocessing.transforms if not isinstance(step, LoadImaged)])
        self.postprocessing = postprocessing
        self.threshold, self.both_empty = threshold, both_empty

    def prepared(self, photograph: Photograph) -> dict[str, Any]:
        """Return the sample that the network takes.

        Raises:
            RuntimeError, ValueError: a transform of the sheet refuses the photograph.
        """
        image = MetaTensor(torch.from_numpy(photograph.image.copy()), meta={MetaKeys.ORIGINAL_CHANNEL_DIM: -1})
        mask = torch.from_numpy(photograph.mask.astype("uint8"))
        label = MetaTensor(mask, meta={MetaKeys.ORIGINAL_CHANNEL_DIM: "no_channel"})
        sample: Any = self.preprocessing({"image": image, "label": label, "case_id": photograph.case_id})
        return sample

    def predict(self, samples: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Return the predictions of samples that `prepared` made, from one batch."""
        inputs = torch.stack([plain(sample["image"]) for sample in samples]).to(self.device)
        with eval_mode(self.network):
            output = self.inferer(inputs, self.network)
        results = [self.postprocessing({**sample, "pred": _part(output, at)}) for at, sample in enumerate(samples)]
        return [
            Prediction(
                str(result["case_id"]),
                channel(result["pred"]) >= self.threshold,
                channel(result["label"]) >= _HALF,
            )
            for result in results
        ]

    def score(self, prediction: Prediction) -> CaseScore:
        """Return Dice, Jaccard, threshold Jaccard and the counts; a missed lesion scores 0.

        Raises:
            ValueError: prediction and label lie on different grids.
        """
        return score_case(
            prediction.pred,
            prediction.label,
            case_id=prediction.case_id,
            both_empty=self.both_empty,
            surface=False,
        )


def _part(output: Any, at: int) -> Any:  # noqa: ANN401 (a map or a dict of maps)
    if isinstance(output, Mapping):
        return {name: value[at] for name, value in output.items()}
    return output[at]
