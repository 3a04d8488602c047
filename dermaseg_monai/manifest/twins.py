"""The same thing under two ids: one image file, one picture saved twice, one mask for two pictures."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dermaseg_monai.manifest.case import Case

TwinKind: TypeAlias = Literal["same_file", "same_pixels", "same_mask"]


@dataclass(frozen=True)
class Twins:
    """Cases that hold the same thing, in the order of their ids.

    same_file: one image file (sha256); same_pixels: image files that differ and show the same pixels; same_mask: one
    mask file for different images.
    """

    kind: TwinKind
    cases: tuple[Case, ...]


def find_twins(cases: Iterable[Case], *, pixels: Mapping[str, str], telling_masks: Iterable[str]) -> Iterator[Twins]:
    """Yield what several cases hold.

    Args:
        cases: in the order of their ids.
        pixels: sha256 of an image file to a digest of what it shows.
        telling_masks: sha256 of the mask files that are neither empty nor full, which every picture could have.
    """
    telling = set(telling_masks)
    files, pictures, masks = (defaultdict[str, list[Case]](list) for _ in range(3))
    for case in cases:
        image = case.image.sha256
        if image not in files and image in pixels:
            pictures[pixels[image]].append(case)
        files[image].append(case)
        for mask in {annotation.mask.sha256 for annotation in case.annotations} & telling:
            masks[mask].append(case)
    yield from (Twins("same_file", tuple(held)) for held in files.values() if len(held) > 1)
    yield from (Twins("same_pixels", tuple(held)) for held in pictures.values() if len(held) > 1)
    yield from (
        Twins("same_mask", tuple(held)) for held in masks.values() if len({case.image.sha256 for case in held}) > 1
    )
