"""How much a pixel of lesion and one of skin weigh so that both classes count alike over the training masks."""

from pathlib import Path

from dermaseg_monai.data.samples import data_folder
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Manifest, class_frequencies


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
    loaded.in_split("train")
    found = class_frequencies(loaded, folder, ["train"])
    share, n_masks = (found[0].lesion_share, found[0].n_masks) if found else (0.0, 0)
    if not 0 < share < 1:
        raise DataError(
            f"The {n_masks} training masks of {manifest} are {share:.0%} lesion, so that no weights can balance "
            "lesion and skin. Check the masks, or choose another --loss#overlap than weighted_ce."
        )
    return found[0].weights


def counted_weights(lesion: float, skin: float, digest: str, manifest: str | Path) -> tuple[float, float]:
    """Return (w_fg, w_bg) as `dermaseg data weights` counted them on the manifest with that digest.

    Raises:
        ConfigError: the manifest of the run is another one.
        DataError: no such manifest.
    """
    found = Manifest.load(manifest).digest
    if found != digest:
        raise ConfigError(
            f"The class weights {lesion:.4g} and {skin:.4g} were counted on manifest {digest[:12]}, but {manifest} "
            f"is {found[:12]}. Count them again: dermaseg data weights {manifest} --overlay weights.json"
        )
    return lesion, skin
