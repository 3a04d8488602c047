"""A case under one stressor at one strength."""

import hashlib

import numpy as np

from dermaseg_monai.assurance.photograph import Photograph
from dermaseg_monai.data.stressors import Stressor

_SEED_BYTES = 16


def disturbed(photograph: Photograph, stressor: Stressor, level: float) -> Photograph:
    """Return the case with the artefact of `stressor` at `level`, which is in the stressor's own unit.

    The random part is that of the case and the stressor alone: at rising levels the same hairs grow darker, the same
    ruler longer, so that a curve shows the strength and not another draw.
    """
    image, mask = stressor.apply(photograph.image, photograph.mask, level, artefact_rng(photograph.case_id, stressor))
    return Photograph(photograph.case_id, image, mask)


def artefact_rng(case_id: str, stressor: Stressor) -> np.random.Generator:
    """Return a generator that depends on the case id and the stressor's name, on any machine alike."""
    seed = hashlib.sha256(f"{stressor.name}\n{case_id}".encode()).digest()[:_SEED_BYTES]
    return np.random.default_rng(int.from_bytes(seed, "big"))
