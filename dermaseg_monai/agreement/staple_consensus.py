"""STAPLE: the lesion as what its readers see with unknown sensitivity and specificity, by SimpleITK."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from dermaseg_monai.agreement.consensus_methods import Mask, Share, soft_mean
from dermaseg_monai.errors import MissingExtraError, install_extra


@dataclass(frozen=True)
class Staple:
    """What STAPLE says of one case.

    Attributes:
        probability: of lesion, per pixel, in [0, 1].
        sensitivity: of each reader, in [0, 1]; None where nobody drew a lesion, or nobody left skin.
        specificity: likewise.
    """

    probability: Share
    sensitivity: tuple[float, ...] | None
    specificity: tuple[float, ...] | None


def staple(masks: Sequence[Mask], *, max_iterations: int) -> Staple:
    """Return the STAPLE estimate over the whole picture, the share of lesion in all masks as prior.

    With two readers nothing in the data says who is right, and where they differ the probability is a half or nearly:
    on 31 real pairs 0.471 to 0.516. It is above a half (so that the mask is the union) where the lesion fills more than
    half of the picture, below it (the overlap) elsewhere, and exactly a half, but for the sixteenth digit, where one
    outline lies inside the other: then only a tie rule (`above_half`) gives the same mask everywhere. Two lesions that
    share no pixel give no lesion.
    Masks that are all empty or all full have no estimate in SimpleITK (NaN); here they are what everybody says.

    Args:
        masks: boolean, on one grid, of two readers or more.
        max_iterations: SimpleITK's own limit is four billion; two disjoint lesions took 665.

    Raises:
        MissingExtraError: SimpleITK is not installed.
        ValueError: as `soft_mean`; also fewer than two masks.

    Source: Warfield, Zou and Wells 2004 (10.1109/TMI.2004.828354); itk::STAPLEImageFilter, weight 1.
    """
    itk = _simple_itk()
    if len(masks) < 2:  # noqa: PLR2004
        raise ValueError(f"STAPLE compares readers: it needs two masks or more; got {len(masks)}.")
    share = soft_mean(masks)
    if share.min() == share.max():  # nobody drew anything, or everybody everything
        return Staple(share, None, None)
    filtering = itk.STAPLEImageFilter()
    filtering.SetForegroundValue(1.0)
    filtering.SetMaximumIterations(max_iterations)
    filtering.SetNumberOfThreads(1)  # cases are worked on side by side
    estimate = filtering.Execute([itk.GetImageFromArray(mask.astype(np.uint8)) for mask in masks])
    return Staple(
        np.clip(itk.GetArrayFromImage(estimate), 0, 1),
        tuple(filtering.GetSensitivity()),
        tuple(filtering.GetSpecificity()),
    )


def has_staple() -> bool:
    """Say whether SimpleITK is installed."""
    return find_spec("SimpleITK") is not None


def require_staple() -> None:
    """Check that SimpleITK can be imported.

    Raises:
        MissingExtraError: it is not installed.
    """
    _simple_itk()


def _simple_itk() -> Any:  # noqa: ANN401 (a module without types)
    try:
        import SimpleITK  # noqa: PLC0415
    except ImportError as error:
        message = f"STAPLE needs SimpleITK, which is not installed. In the checkout: {install_extra('agreement')}"
        raise MissingExtraError(message) from error
    return SimpleITK
