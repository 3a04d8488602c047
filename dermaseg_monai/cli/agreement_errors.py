"""The gravest error of each kind that `dermaseg agreement` finds, drawn with the outlines of all readers."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
            stale.unlink()
    drawn: dict[str, Path] = {}
    for error in worst.to_dict("records"):
        name = f"{error['type']}-{error['finding']}".replace(",", "").replace(" ", "_")
        path = folder / f"{name}.png"
        write_rgb(path, _drawn(error, masks, images))
        drawn[f"{error['type']}: {error['finding']}"] = path
    return drawn


def _drawn(error: Mapping[Any, Any], masks: "pd.DataFrame", images: Mapping[str, Path]) -> Any:  # noqa: ANN401 (pixels)
    from dermaseg_monai.agreement.case_readers import region_of  # noqa: PLC0415
    from dermaseg_monai.agreement.outline_errors import INCLUSION, MISSING  # noqa: PLC0415
    from dermaseg_monai.errors import ImageError  # noqa: PLC0415
    from dermaseg_monai.images import is_volume, read_image, read_mask  # noqa: PLC0415
    from dermaseg_monai.report.reader_error import draw_reader_error  # noqa: PLC0415

    case = masks.loc[masks["case_id"] == error["case_id"]]
    names, outlines = case["annotator"].tolist(), [read_mask(path) for path in case["path"]]
    outline = case["path"].tolist().index(error["path"])
    consensus, region = region_of(error, names, outlines, outline)
    image = None
    photograph = images.get(str(error["case_id"]))
    if photograph is not None and not is_volume(photograph):
        try:
            image = read_image(photograph).pixels
        except ImageError:  # an agreement study needs no photographs; without one the outlines are drawn on grey
            image = None
    if image is not None and image.shape[:2] != outlines[0].shape:
        image = None
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
        words=str(error["explanation"]),
    )
