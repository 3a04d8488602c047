import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Split

Saver = Callable[..., None]
CaseMaker = Callable[..., Case]
LONG_AGO_S = 1_000_000_000


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def save_image() -> Saver:
    def save(path: Path, *, level: int = 100, height: int = 6, width: int = 8) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((height, width, 3), level, dtype=np.uint8)).save(path)
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))

    return save


@pytest.fixture
def save_mask() -> Saver:
    def save(path: Path, *, rows: int = 3, height: int = 6, width: int = 8, level: int = 255) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        mask = np.zeros((height, width), dtype=np.uint8)
        mask[:rows] = level
        mask[0, 0] = 255
        Image.fromarray(mask).save(path)
        os.utime(path, (LONG_AGO_S, LONG_AGO_S))

    return save


@pytest.fixture
def plain(tmp_path: Path, save_image: Saver, save_mask: Saver) -> Path:
    """Three pairs a, b, c in images/ and masks/, and a table that puts them into train, val and test."""
    root = tmp_path / "plain"
    for level, name in enumerate("abc", start=100):
        save_image(root / "images" / f"{name}.png", level=level)
        save_mask(root / "masks" / f"{name}_mask.png")
    (root / "table.csv").write_text(
        "id,split,lesion,patient,age,code,licence,by\n"
        "a,train,L1,P1,40,007,CC-0,Anna\n"
        "b,val,L2,P2,41.5,008,CC-BY,\n"
        "c,test,L3,,,009,,Carl\n"
    )
    return root


@pytest.fixture
def make_case() -> CaseMaker:
    def make(name: str, split: Split = "train", **known: object) -> Case:
        image = FileRecord(f"images/{name}.png", name.encode().hex().rjust(64, "0"), size_px=(6, 8))
        mask = FileRecord(f"masks/{name}.png", name.encode().hex().rjust(64, "f"), size_px=(6, 8))
        given: dict[str, object] = {"image": image, "annotations": (Annotation(mask),), "split": split, **known}
        return Case(id=name, **given)  # pyright: ignore[reportArgumentType]

    return make


@pytest.fixture
def manifest(make_case: CaseMaker) -> Manifest:
    cases = (make_case("b", "val"), make_case("a", lesion_id="L1", attributes={"age": 40.5, "sex": None}))
    return Manifest(name="two", version="1", licence="CC0-1.0", cases=cases)
