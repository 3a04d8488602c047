"""Originals made small once: one case, the journal of a folder, the space it takes, all of them."""

from dermaseg_monai.manifest.preparation.batch import Prepared, prepare
from dermaseg_monai.manifest.preparation.files import Fault

__all__ = ["Fault", "Prepared", "prepare"]
