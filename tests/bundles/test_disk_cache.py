from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser

CONFIGS = Path(__file__).resolve().parents[2] / "bundles" / "ba_deeplab" / "configs"


def validation(tiny: Path, cache_dir: Path, *overlays: str, image_size: int) -> Any:  # noqa: ANN401
    parser = ConfigParser(ConfigParser.load_config_files([str(CONFIGS / name) for name in ("train.json", *overlays)]))
    values = {"manifest": str(tiny), "dataset_dir": str(tiny.parent), "image_size": image_size}
    for key, value in {**values, "cache_dir": str(cache_dir)}.items():
        parser[key] = value
    return parser.get_parsed_content("validate::dataset")


def test_images_from_the_disk_are_those_from_memory_and_follow_the_size(tiny: Path, tmp_path: Path) -> None:
    memory = validation(tiny, tmp_path, image_size=32)
    for _ in range(2):  # the second time they come from the disk
        disk = validation(tiny, tmp_path, "disk_cache.json", image_size=32)
        assert torch.equal(disk[0]["image"], memory[0]["image"])
        assert torch.equal(disk[0]["label"], memory[0]["label"])
    assert len(list(tmp_path.glob("*.pt"))) == 1
    assert validation(tiny, tmp_path, "disk_cache.json", image_size=48)[0]["image"].shape == (3, 48, 48)
