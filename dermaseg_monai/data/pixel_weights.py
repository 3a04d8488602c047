"""How much a pixel of lesion and one of skin weigh so that both classes count alike over the training masks."""

from pathlib import Path

from dermaseg_monai.data.cases import data_folder
from dermaseg_monai.errors import DataError
from dermaseg_monai.images import read_mask
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.manifest.threads import in_threads


def pixel_weights(manifest: str | Path, dataset_dir: str | Path) -> tuple[float, float]:
    """Return (w_fg, w_bg) with w = N / (2 N_class) over the reference masks of the training split.

    Every mask counts as much as any other, as on the square grid that a network is trained on: N_fg / N is the mean
    over masks of the share of lesion. Each mask is read once.

    Raises:
        DataError: no such manifest, folder or training case; masks without lesion or without skin.
        ImageError: a mask cannot be read.
    """
    loaded = Manifest.load(manifest)
    folder = data_folder(dataset_dir, manifest)
    masks = [folder / case.reference.mask.path for case in loaded.in_split("train") if case.reference is not None]
    shares = in_threads(_share, masks, title=f"Counting the pixels of {len(masks)} masks")
    lesion = sum(shares) / len(shares) if shares else 0.0
    if not 0 < lesion < 1:
        raise DataError(
            f"The {len(masks)} training masks of {manifest} are {lesion:.0%} lesion, so that no weights can balance "
            "lesion and skin. Check the masks, or choose another --loss#overlap than weighted_ce."
        )
    return 1 / (2 * lesion), 1 / (2 * (1 - lesion))


def _share(path: Path) -> float:
    return float(read_mask(path).mean())
