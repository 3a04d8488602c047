"""A network that is perfect on clean pictures and fails as one can work out, and the pictures."""

from pathlib import Path

import numpy as np
import torch
from monai.inferers.inferer import SimpleInferer
from monai.transforms.compose import Compose
from monai.transforms.io.dictionary import LoadImaged
from monai.transforms.post.dictionary import Activationsd, AsDiscreted
from monai.transforms.utility.dictionary import EnsureChannelFirstd
from PIL import Image
from torch import Tensor, nn

from dermaseg_monai.assurance import Evaluation
from dermaseg_monai.data import Fitd, LesionReader, RestoreGridd, ToUnitRanged
from dermaseg_monai.data.stressors import Stressor
from dermaseg_monai.engines import FlatHeadsd
from dermaseg_monai.engines.memory_predictor import MemoryPredictor
from dermaseg_monai.images import write_mask
from dermaseg_monai.manifest import Manifest, index_folder

SIDE = 32
SKIN, LESION = 200, 60
SQUARE = np.zeros((SIDE, SIDE), dtype=bool)
SQUARE[8:18, 8:18] = True  # 100 px


class DarkIsLesion(nn.Module):
    """Lesion where red is below half; counts the batches it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def forward(self, image: Tensor) -> Tensor:
        self.batches.append(len(image))
        return (0.5 - image[:, :1]) * 20


class WithHeads(DarkIsLesion):
    """The same, with maps beside the prediction."""

    def heads(self, image: Tensor) -> dict[str, Tensor]:
        return {"pred": self(image), "boundary": image[:, :1], "branch_weights": torch.ones(len(image), 3)}


def make_evaluation(network: DarkIsLesion, inferer: object = None) -> Evaluation:
    """What an evaluate sheet builds, on the pictures' own grid."""
    load = LoadImaged(keys="image", reader=LesionReader(), image_only=True, dtype=None)  # pyright: ignore[reportArgumentType]
    channels, fit = EnsureChannelFirstd(keys=["image", "label"]), Fitd("image", SIDE)
    after = [
        FlatHeadsd("pred"),
        Activationsd("pred", sigmoid=True),
        RestoreGridd("pred"),
        AsDiscreted("pred", threshold=0.5),
    ]
    predictor = MemoryPredictor(
        network=network,
        inferer=SimpleInferer() if inferer is None else inferer,  # pyright: ignore[reportArgumentType]
        preprocessing=Compose([load, channels, fit, ToUnitRanged(["image", "label"])]),
        postprocessing=Compose(after),
        device=torch.device("cpu"),
    )
    return Evaluation(predictor, threshold=0.5, both_empty=1.0)


def picture() -> np.ndarray:
    return np.repeat(np.where(SQUARE, LESION, SKIN).astype(np.uint8)[..., None], 3, axis=2)


def make_set(folder: Path, names: str = "abc") -> Manifest:
    """One dark square on light skin, once per name."""
    for name in names:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture() + np.uint8(ord(name) - ord("a"))).save(folder / "images" / f"{name}.png")
        write_mask(folder / "masks" / f"{name}.png", SQUARE)
    return index_folder(folder, split="test")


def _brighter(
    image: np.ndarray, mask: np.ndarray, level: float, _: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    return np.clip(image + level, 0, 255).astype(np.uint8), mask


def _lower_half_lost(
    image: np.ndarray, mask: np.ndarray, level: float, _: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    changed = image.copy()
    changed[18 - int(level) : 18] = SKIN
    return changed, mask


def _moved(image: np.ndarray, mask: np.ndarray, level: float, _: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return np.roll(image, int(level), axis=1), np.roll(mask, int(level), axis=1)


BRIGHTER = Stressor("brighter", "More light.", (20.0, 100.0), "grey values", _brighter)
"""60 + 20 is still dark; 60 + 100 is not: every lesion is missed."""

COVERED = Stressor("covered", "Rows of skin over the lesion, from below.", (2.0, 5.0), "rows", _lower_half_lost)
"""Of 10 rows 8 and 5 are left: Jaccard 0.8 and 0.5, Dice 8/9 and 2/3, threshold Jaccard 0.8 and 0."""

MOVED = Stressor("moved", "To the right.", (3.0, 6.0), "px", _moved, moves_mask=True)
"""The reference moves too: nothing is lost."""
