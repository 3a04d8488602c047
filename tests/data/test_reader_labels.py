from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.data.dataset import CacheDataset

from dermaseg_monai.data import MeanReaderd, OneReaderd, ReaderMasksd, chain, make_demo, reader_cases
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import write_mask
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest

THREE = [np.array([row] * 4, dtype=bool) for row in ([1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0])]


@pytest.fixture
def sample(tmp_path: Path) -> dict[str, object]:
    paths = tuple(str(tmp_path / f"{number}.png") for number in range(3))
    for path, mask in zip(paths, THREE, strict=True):
        write_mask(path, mask)
    return {"label": torch.zeros(1, 4, 4, dtype=torch.uint8), "label_path": "reference.png", "reader_labels": paths}


def test_the_masks_of_all_readers_are_channels_of_the_label(sample: dict[str, object]) -> None:
    found = ReaderMasksd("label", image_size=4)(sample)["label"]
    assert found.dtype == torch.uint8
    np.testing.assert_array_equal(found.numpy(), np.stack(THREE))
    assert ReaderMasksd("label", image_size=2)(sample)["label"].tolist() == [[[1, 1]] * 2, [[1, 0]] * 2, [[0, 0]] * 2]


def test_the_mean_is_the_share_of_readers(sample: dict[str, object]) -> None:
    found = MeanReaderd("label")(ReaderMasksd("label", image_size=4)(sample))
    assert set(found) == {"label"}
    assert found["label"].dtype == torch.float32
    torch.testing.assert_close(found["label"], torch.tensor([[[3, 2, 1, 0]] * 4]) / 3)


def test_one_reader_is_drawn_as_often_as_another_and_named(sample: dict[str, object]) -> None:
    stacked = ReaderMasksd("label", image_size=4)(sample)
    draw = OneReaderd("label")
    draw.set_random_state(0)
    found = [draw(stacked) for _ in range(300)]
    paths = [one["label_path"] for one in found]
    assert all(80 < paths.count(path) < 120 for path in set(paths))
    for one in found[:10]:
        expected = THREE[int(Path(one["label_path"]).stem)]
        np.testing.assert_array_equal(one["label"].numpy(), expected[None])
    assert "reader_labels" not in found[0]


def test_the_draw_depends_on_the_seed_alone(sample: dict[str, object]) -> None:
    stacked = ReaderMasksd("label", image_size=4)(sample)

    def drawn(seed: int) -> list[str]:
        draw = OneReaderd("label")
        draw.set_random_state(seed)
        return [draw(stacked)["label_path"] for _ in range(20)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_a_cache_holds_every_reader(sample: dict[str, object]) -> None:
    transform = chain(parts=[[ReaderMasksd("label", image_size=4)], [OneReaderd("label")]])
    found: Any = CacheDataset([sample], transform, progress=False)
    paths = {found[0]["label_path"] for _ in range(30)}
    assert len(paths) == 3


def test_samples_without_readers_name_the_overlay() -> None:
    with pytest.raises(ConfigError, match=r"name no masks of readers\. Name one_reader\.json"):
        ReaderMasksd("label", image_size=4)({"label": torch.zeros(1, 4, 4)})
    with pytest.raises(ConfigError, match=r"label has 1 channels and 2 readers\. Put ReaderMasksd before"):
        MeanReaderd("label")({"label": torch.zeros(1, 4, 4), "reader_labels": ("a", "b")})


def test_the_demo_set_has_three_readers_a_case_and_its_reference_as_label(tmp_path: Path) -> None:
    manifest = make_demo(tmp_path / "demo", n=4, seed=0)
    found = reader_cases(manifest, manifest.parent, "train")
    names = [Path(str(path)).parent.name for path in found[0]["reader_labels"]]
    assert names == ["tight", "loose", "noisy"]
    assert Path(str(found[0]["label"])).parent.name == "masks"


def record(path: str) -> FileRecord:
    return FileRecord(path, "0" * 64)


def case(*annotations: Annotation) -> Case:
    return Case("a", record("a.jpg"), annotations, "train")


def test_the_readings_of_a_case_are_its_readers_and_its_reference_where_they_are_too_few() -> None:
    reference = Annotation(record("r.png"))
    one, two = (Annotation(record(f"{name}.png"), name, role="reader") for name in ("one", "two"))
    fused = Annotation(record("f.png"), role="consensus")
    assert case(reference, one, two, fused).readings == (one, two)
    assert case(reference, one, fused).readings == (reference, one)
    assert case(reference).readings == (reference,)


def test_an_adjudicated_case_is_settled(tmp_path: Path) -> None:
    manifest = make_demo(tmp_path / "demo", n=4, seed=0)
    loaded = Manifest.load(manifest)
    first, *others = loaded.cases
    senior = Annotation(first.annotations[1].mask, "senior", role="adjudicated")
    settled = Case(first.id, first.image, (*first.annotations, senior), "train")
    Manifest("settled", "1", None, (settled, *others)).save(manifest.parent / "settled.json")
    found = reader_cases(manifest.parent / "settled.json", manifest.parent, "train")
    by_id = {sample["case_id"]: sample["reader_labels"] for sample in found}
    assert by_id[first.id] == (str(manifest.parent / senior.mask.path),)
    assert all(len(paths) == 3 for name, paths in by_id.items() if name != first.id)


def test_who_drew_a_case_twice_is_one_reader(tmp_path: Path) -> None:
    manifest = make_demo(tmp_path / "demo", n=4, seed=0)
    loaded = Manifest.load(manifest)
    first, *others = loaded.cases
    ann, bob, third = (one.mask for one in first.annotations[1:4])
    drawn = [Annotation(mask, name, role="reader") for mask, name in ((ann, "ann"), (bob, "bob"), (third, "ann"))]
    twice = Case(first.id, first.image, (*first.annotations[:1], *drawn), "train")
    Manifest("twice", "1", None, (twice, *others)).save(manifest.parent / "twice.json")
    (found,) = [
        one
        for one in reader_cases(manifest.parent / "twice.json", manifest.parent, "train")
        if one["case_id"] == first.id
    ]
    assert found["reader_labels"] == (str(manifest.parent / ann.path), str(manifest.parent / bob.path))


def test_a_set_with_references_alone_has_nothing_to_choose(tmp_path: Path) -> None:
    manifest = make_demo(tmp_path / "demo", n=4, seed=0)
    loaded = Manifest.load(manifest)
    bare = tuple(Case(one.id, one.image, one.annotations[:1], one.split) for one in loaded.cases)
    Manifest("bare", "1", None, bare).save(manifest.parent / "bare.json")
    with pytest.raises(DataError, match=r"No train case of manifest bare has masks of two readers"):
        reader_cases(manifest.parent / "bare.json", manifest.parent, "train")
