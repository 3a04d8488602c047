"""Images at training size on disk, for sets larger than memory."""

import io
import logging
import os
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final

import torch
from monai.data.dataset import PersistentDataset
from monai.utils.type_conversion import convert_to_tensor

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import make_folder, write_buffer

logger = logging.getLogger(__name__)

_DAMAGED: Final = (EOFError, OSError, RuntimeError, UnpicklingError, ValueError)


class DiskCacheDataset(PersistentDataset):
    """MONAI's PersistentDataset with files that are whole or not there, made again when they cannot be read.

    MONAI writes into the system's temporary folder and moves the file from there, which on another file system is a
    copy: a full disk or a kill leaves half a file, and every later run fails on it. The folder of somebody else, that
    may be read and not written, is used as it is.

    Raises:
        DataError: the folder cannot be made or entered; or, when a case is asked for, its file cannot be written.
    """

    def __init__(
        self,
        data: Sequence[Any],
        transform: Any,  # noqa: ANN401 (MONAI's own)
        cache_dir: str | Path | None,
        **kwargs: Any,  # noqa: ANN401 (MONAI's own)
    ) -> None:
        if cache_dir is not None:
            try:
                make_folder(cache_dir)
            except DataError as error:
                raise _not_written(cache_dir, error) from error
        super().__init__(data, transform, cache_dir, **kwargs)
        self._writable = self.cache_dir is not None and os.access(self.cache_dir, os.W_OK)
        if self.cache_dir is not None and not self._writable:
            logger.warning("%s may not be written: what it lacks is made in every epoch.", self.cache_dir)

    def _cachecheck(self, item_transformed: Any) -> Any:  # noqa: ANN401 (MONAI's name and types)
        if self.cache_dir is None:
            return self._pre_transform(deepcopy(item_transformed))
        name = self.hash_func(item_transformed).decode("utf-8") + self.transform_hash
        file = Path(self.cache_dir) / f"{name}.pt"
        try:
            return torch.load(file, weights_only=True)
        except FileNotFoundError:
            pass
        except _DAMAGED as error:
            logger.warning("%s cannot be read (%s): it is made again.", file, error or type(error).__name__)
        made = self._pre_transform(deepcopy(item_transformed))
        if not self._writable:
            return made
        buffer = io.BytesIO()  # torch's own writer turns a full disk into a RuntimeError
        torch.save(convert_to_tensor(made, convert_numeric=False, track_meta=self.track_meta), buffer)
        try:
            write_buffer(file, buffer)
        except DataError as error:
            raise _not_written(file, error) from error
        return made


def _not_written(path: str | Path, error: DataError) -> DataError:
    reason = getattr(error.__cause__, "strerror", None) or error
    return DataError(f"{path} cannot be written: {reason}. Free some space or choose another folder: --cache_dir DIR.")
