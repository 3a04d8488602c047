"""Splits of papers by name: their sizes, our draw, because the papers publish no ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dermaseg_monai.errors import ConfigError, DataError, choose_one
from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.id_lists import apply_list, coverage, shipped_list
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.ratios import rounded
from dermaseg_monai.manifest.split import split_by_image, split_by_size, taking_part

BENCHMARK: Final = "benchmark"
OFFICIAL: Final = ("isic2016", "isic2017", "isic2018")
_KHAN: Final = "Khan and Khan, Practical Semantic Segmentation with Deep Learning, 2026"
_UNET: Final = "the HAM10000 U-Net paper"


@dataclass(frozen=True)
class NamedSplit:
    """A split whose sizes a paper publishes.

    Attributes:
        source: the paper.
        dataset: the id list its images come from.
        pool: the official splits of that list that it divides anew.
        sizes: number of images in each of its splits.
        grouped: lesions and patients stay on one side; the paper's own draw was by image.
    """

    source: str
    dataset: str
    pool: tuple[Split, ...]
    sizes: Mapping[Split, int]
    grouped: bool


def _both(
    name: str, source: str, dataset: str, pool: tuple[Split, ...], sizes: Mapping[Split, int]
) -> dict[str, NamedSplit]:
    return {
        name: NamedSplit(source, dataset, pool, sizes, grouped=False),
        f"{name}_grouped": NamedSplit(source, dataset, pool, sizes, grouped=True),
    }


NAMED_SPLITS: Final[Mapping[str, NamedSplit]] = MappingProxyType(
    {
        **_both("khan_isic2018", _KHAN, "isic2018", ("train", "val"), {"train": 1886, "test": 808}),
        **_both("khan_isic2017", _KHAN, "isic2017", ("train", "val"), {"train": 1500, "test": 650}),
        **_both("khan_ham10000", _KHAN, "ham10000", ("train",), {"train": 7010, "test": 3005}),
        **_both("khan_ph2", _KHAN, "ph2", ("test",), {"train": 140, "test": 60}),
        **_both("ham10000_8016_1999", _UNET, "ham10000", ("train",), {"train": 8016, "val": 1999}),
    }
)
"""The published splits. 1886 + 808 = 2694 are ISIC 2018 training and validation, 1500 + 650 those of ISIC 2017."""


def named_split(name: str) -> NamedSplit:
    """Return a published split by its name.

    Raises:
        ConfigError: there is none of that name (the nearest is offered).
    """
    if name in NAMED_SPLITS:
        return NAMED_SPLITS[name]
    known = [BENCHMARK, *NAMED_SPLITS]
    raise ConfigError(f"There is no split named {name!r}. {choose_one(name, known)}")


def split_by_name(
    manifest: Manifest, name: str, *, parts: Sequence[Split] | None, seed: int, stratify: Sequence[str], scale: bool
) -> Manifest:
    """Return the manifest with a published split's sizes, drawn by us: by image as published, or in whole groups.

    Cases outside the images that the paper divides become `excluded`. `parts` says where the two parts go (by default
    where the paper has them), `scale` keeps the proportions when not all images are at hand.

    Raises:
        ConfigError: no such split, `stratify` for a draw by image, other than two `parts`.
        DataError: another number of images than published, or as `split_by_size`.
    """
    known = named_split(name)
    sides = tuple(known.sizes) if parts is None else tuple(parts)
    if len(sides) != len(known.sizes):
        raise ConfigError(f"--parts {','.join(sides)}: {name} has {len(known.sizes)} parts. Name as many splits.")
    if stratify and not known.grouped:
        raise ConfigError(
            f"{name} is drawn by image, as published, without strata. Use {name}_grouped with --stratify."
        )
    listed: dict[str, Split] = {
        case_id: split for case_id, split in shipped_list(known.dataset).items() if split in known.pool
    }
    pooled = apply_list(manifest, listed, name=name)
    n_cases, n_published = len(taking_part(pooled)), sum(known.sizes.values())
    if n_cases != n_published and not scale:
        raise DataError(
            f"{name} divides {n_published} images into {'/'.join(map(str, known.sizes.values()))}; {manifest.name} has "
            f"{n_cases} of them in a split ({coverage(manifest, listed)}). Index the whole set, or keep the "
            "proportions of what is there with --scale."
        )
    sizes = dict(zip(sides, rounded(list(known.sizes.values()), n_cases), strict=True))
    if known.grouped:
        return split_by_size(pooled, sizes, seed=seed, stratify=stratify)
    return split_by_image(pooled, sizes, seed=seed)


def require_official(name: str) -> None:
    """Return when the challenge of that name has official lists.

    Raises:
        ConfigError: it has none.
    """
    if name not in OFFICIAL:
        raise ConfigError(f"There are no official splits of {name!r}. {choose_one(name, OFFICIAL)}")
