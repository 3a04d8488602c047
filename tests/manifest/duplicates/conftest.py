from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import Case, FileRecord, Split


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def draw() -> Callable[..., np.ndarray]:
    """Skin of its own for every seed, with a dark lesion in the middle as all pictures have it."""

    def drawn(seed: int, *, height: int = 120, width: int = 160) -> np.ndarray:
        rng = np.random.default_rng(seed)
        skin = sum(
            gaussian_filter(rng.standard_normal((height, width)), spread) * spread * 14 for spread in (1.5, 3, 8)
        )
        rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        lesion = 70 * np.exp(-((rows**2 + columns**2) ** 2) / 0.1)
        grey = (180 + skin - lesion).clip(0, 255)
        return np.stack([grey, grey * 0.8, grey * 0.7], axis=2).astype(np.uint8)

    return drawn


@pytest.fixture
def save_case(tmp_path: Path) -> Callable[..., Case]:
    def save(
        name: str, pixels: np.ndarray, split: Split = "train", *, suffix: str = ".png", lesion_id: str | None = None
    ) -> Case:
        path = tmp_path / f"{name}{suffix}"
        Image.fromarray(pixels).save(path, quality=90)
        return Case(name, FileRecord(path.name, sha256_of(path)), (), split, lesion_id)

    return save
