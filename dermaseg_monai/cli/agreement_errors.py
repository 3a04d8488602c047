"""The gravest error of each kind that `dermaseg agreement` finds, drawn with the outlines of all readers."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dermaseg_monai.files import remove

if TYPE_CHECKING:
    import pandas as pd


def draw_errors(
    folder: Path, worst: "pd.DataFrame", masks: "pd.DataFrame", images: Mapping[str, Path]
) -> dict[str, Path]:
    """Draw each row of errors into `folder` and return the pictures by type and finding, earlier ones removed.

    Args:
        folder: made where it is not there.
        worst: rows with `ERROR_COLUMNS`.
        masks: a row per outline.
        images: photographs by case; a case without one is drawn on grey.
    """
    from dermaseg_monai.agreement.outline_errors import ERROR_TYPES  # noqa: PLC0415
    from dermaseg_monai.images import write_rgb  # noqa: PLC0415

    for kind in ERROR_TYPES:
        for stale in folder.glob(f"{kind.replace(' ', '_')}-*.png"):
            remove(stale)
    drawn: dict[str, Path] = {}
    for error in worst.to_dict("records"):
        name = f"{error['type']}-{error['finding']}".replace(",", "").replace(" ", "_")
        path = folder / f"{name}.png"
        write_rgb(path, _drawn(error, masks, images))
        drawn[f"{error['type']}: {error['finding']}"] = path
    return drawn


def _drawn(error: Mapping[Any, Any], masks: "pd.DataFrame", images: Mapping[str, Path]) -> Any:  # noqa: ANN401 (pixels)
    import numpy as np  # noqa: PLC0415

    from dermaseg_monai.agreement.case_readers import region_of  # noqa: PLC0415
    from dermaseg_monai.agreement.outline_errors import INCLUSION, MISSING  # noqa: PLC0415
    from dermaseg_monai.images import (  # noqa: PLC0415
        grey_slice,
        is_volume,
        read_mask,
        slices_to_show,
        spacing_of,
        volume_affine,
    )
    from dermaseg_monai.report.outlined_image import outlined_image  # noqa: PLC0415
    from dermaseg_monai.report.reader_error import draw_reader_error  # noqa: PLC0415

    case = masks.loc[masks["case_id"] == error["case_id"]]
    names, outlines = case["annotator"].tolist(), [read_mask(path) for path in case["path"]]
    outline = case["path"].tolist().index(error["path"])
    volume = is_volume(case["path"].iloc[0])
    spacing_mm = spacing_of(case["path"].iloc[0]) if volume else None
    consensus, region = region_of(error, names, outlines, outline, spacing_mm=spacing_mm)
    image = outlined_image(images.get(str(error["case_id"])), Path(case["path"].iloc[0]))
    words = str(error["explanation"])
    if volume:
        # the slice with most of the region: where outline and consensus differ most
        affine = volume_affine(Path(case["path"].iloc[0]))
        shown = slices_to_show(affine, lesion=outlines[outline], masks=[region, np.zeros_like(region)])[-1]
        outlines, consensus, region = [shown.cut(mask) for mask in outlines], shown.cut(consensus), shown.cut(region)
        image = None if image is None else grey_slice(shown, image)
        words = f"{words} {shown.words}."
    form = ".1f" if error["type"] in {MISSING, INCLUSION} else "+.1f"
    return draw_reader_error(
        image,
        list(zip(names, outlines, strict=True)),
        outline=outline,
        consensus=consensus if error["others"] > 1 else None,
        region=region,
        people=sorted(set(masks["annotator"])),
        title=f"{error['case_id']}    {error['annotator']}    {error['type']}: {error['finding']}    "
        f"{error['measure']:{form}} {error['unit']}",
        words=words,
    )
