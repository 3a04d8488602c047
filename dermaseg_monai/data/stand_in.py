"""Pictures that can no longer be read when their turn comes cost themselves alone."""

from typing import Any, Final

from monai.data.dataset import Dataset

from dermaseg_monai.errors import ImageError

FAILURE: Final = "failure"
"""Key of the sentence that says why a picture could not be read; empty where it could."""
_IDENTITY: Final = ("case_id", "image_path")
_LOOK: Final = 8


class StandInDataset(Dataset):
    """MONAI's Dataset for predictions: another picture stands in for one that can no longer be read.

    `readable_images` has decoded all of them before the first prediction. Hours later a file may be gone, or its disk
    may fail. The sample then has its own `case_id` and `image_path`, the pixels of another picture, so that the batch
    is whole, and a `failure`, for which `PredictionFolder` writes a row and no mask.

    Raises:
        ImageError: when a picture is asked for and neither it nor one of the next eight can be read.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (MONAI's own)
        super().__init__(*args, **kwargs)
        self._read = 0  # the last that could be read, in this process

    def _transform(self, index: int) -> Any:  # noqa: ANN401 (MONAI's name and type)
        try:
            sample: Any = super()._transform(index)
        except Exception as error:
            cause = _image_error(error)
            if cause is None:
                raise
            return self._stand_in(index, cause)
        self._read = index
        return {**sample, FAILURE: ""}

    def _stand_in(self, index: int, cause: ImageError) -> dict[str, Any]:
        own: Any = self.data[index]
        for near in (self._read, *range(index + 1, index + 1 + _LOOK)):
            try:
                other: Any = super()._transform(near % len(self.data))
            except Exception as error:
                if _image_error(error) is None:
                    raise
            else:
                return {**other, **{key: own[key] for key in _IDENTITY}, FAILURE: str(cause)}
        raise cause


def _image_error(error: BaseException | None) -> ImageError | None:
    while error is not None and not isinstance(error, ImageError):
        error = error.__cause__
    return error
