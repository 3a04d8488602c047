"""Images at training size on disk, for sets larger than memory."""

import io
import logging
from copy import deepcopy
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final

import torch
from monai.data.dataset import PersistentDataset
from monai.utils.type_conversion import convert_to_tensor

from dermaseg_monai.files import replacing

logger = logging.getLogger(__name__)

_DAMAGED: Final = (EOFError, OSError, RuntimeError, UnpicklingError, ValueError)


class DiskCacheDataset(PersistentDataset):
    """MONAI's PersistentDataset with files that are whole or not there, made again when they cannot be read.

    MONAI writes into the system's temporary folder and moves the file from there, which on another file system is a
    copy: a full disk or a kill leaves half a file, and every later run fails on it.

    Raises:
        DataError: when a case is asked for whose file cannot be written (no space left, no permission).
    """

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
        buffer = io.BytesIO()  # torch's own writer turns a full disk into a RuntimeError
        torch.save(convert_to_tensor(made, convert_numeric=False, track_meta=self.track_meta), buffer)
        with replacing(file) as temporary:
            temporary.write_bytes(buffer.getbuffer())
        return made
