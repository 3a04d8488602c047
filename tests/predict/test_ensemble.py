import csv
import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dermaseg_monai.data.readable import readable_images
from dermaseg_monai.engines.prediction_record import done_row, failed_row, write_record
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import read_image, read_mask, read_probability, write_mask, write_probability, write_rgb
from dermaseg_monai.images.picture import Picture
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest
from dermaseg_monai.metrics import ProbabilitySums
from dermaseg_monai.predict import Member, Reference, average_predictions, open_members, photographs_in

# probabilities of four pixels in a row, of two networks: the mean is .9 .5 .4 .1
FIRST, SECOND = [0.9, 0.8, 0.2, 0.0], [0.9, 0.2, 0.6, 0.2]


def predicted(folder: Path, cases: dict[str, list[float] | None], *, threshold: float = 0.5, image: str = "") -> Path:
    """A prediction folder of pictures one pixel high, all of the name `image`; None where the case failed."""
    rows = {}
    for case_id, values in cases.items():
        if values is None:
            rows[case_id] = failed_row(case_id, f"{case_id}.jpg", "cut short")
            continue
        probability = np.array([values], dtype=np.float32)
        write_probability(folder / "probabilities" / f"{case_id}.png", probability)
        mask = probability >= threshold
        write_mask(folder / "masks" / f"{case_id}.png", mask)
        name, sums = f"{case_id}.png", ProbabilitySums.of(probability, threshold=threshold)
        rows[case_id] = done_row(case_id, image or f"{case_id}.jpg", name, shape=mask.shape, sums=sums)
    failed = sum(values is None for values in cases.values())
    write_record(folder, rows, failed=failed, threshold=threshold, weights=None, about={})
    return folder


def table(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "cases.csv").open(newline="") as stream:
        return {row["case_id"]: row for row in csv.DictReader(stream)}


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    return [predicted(tmp_path / "one", {"a": FIRST}), predicted(tmp_path / "two", {"a": SECOND})]


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Path, Path]:
    """Manifest and folder of two test cases of one lesion; the first two pixels of a are lesion, three of b."""
    cases = []
    for name, length in (("a", 2), ("b", 3)):
        write_mask(tmp_path / "set" / f"{name}.png", np.array([[place < length for place in range(4)]]))
        annotation = Annotation(FileRecord(f"{name}.png", name * 64))
        cases.append(Case(name, FileRecord(f"{name}.jpg", name * 64), (annotation,), "test", lesion_id="L"))
    Manifest("row", "1", None, tuple(cases)).save(tmp_path / "set" / "manifest.json")
    return tmp_path / "set" / "manifest.json", tmp_path / "set"


def test_probabilities_are_averaged_and_the_mean_decides(two: list[Path], tmp_path: Path) -> None:
    done = average_predictions(open_members(two), tmp_path / "mean", threshold=0.45, reference=None, photographs={})
    assert (len(done.rows), done.failed, done.summary) == (1, {}, None)
    mean = read_probability(tmp_path / "mean" / "probabilities" / "a.png")
    assert mean[0].tolist() == pytest.approx([0.9, 0.5, 0.4, 0.1], abs=1e-4)
    assert read_mask(tmp_path / "mean" / "masks" / "a.png").tolist() == [[True, True, False, False]]
    row = table(tmp_path / "mean")["a"]
    assert (row["status"], row["image"], row["pred_px"], row["size_px"]) == ("ok", "a.jpg", "2", "1x4")
    assert float(row["predicted_dice"]) == pytest.approx(2 * 1.4 / (1.9 + 2), abs=1e-4)


def test_a_row_says_how_far_the_networks_agree(two: list[Path], tmp_path: Path) -> None:
    # masks 1100, 1010 and 0000: Dice 1/2, 0 and 0
    third = predicted(tmp_path / "three", {"a": [0.1, 0.1, 0.1, 0.1]})
    average_predictions(open_members([*two, third]), tmp_path / "mean", threshold=None, reference=None, photographs={})
    assert float(table(tmp_path / "mean")["a"]["member_dice"]) == pytest.approx(1 / 6, abs=1e-6)


def test_maps_that_all_have_are_averaged_and_others_left_out(two: list[Path], tmp_path: Path) -> None:
    for folder, value in zip(two, (0.2, 0.6), strict=True):
        write_probability(folder / "uncertainty" / "a.png", np.full((1, 4), value, dtype=np.float32))
    write_probability(two[0] / "boundary" / "a.png", np.zeros((1, 4), dtype=np.float32))
    average_predictions(open_members(two), tmp_path / "mean", threshold=None, reference=None, photographs={})
    assert read_probability(tmp_path / "mean" / "uncertainty" / "a.png") == pytest.approx(0.4, abs=1e-4)
    assert not (tmp_path / "mean" / "boundary").exists()


def test_the_threshold_is_the_members_own_unless_they_differ(two: list[Path], tmp_path: Path) -> None:
    average_predictions(open_members(two), tmp_path / "mean", threshold=None, reference=None, photographs={})
    assert json.loads((tmp_path / "mean" / "run.json").read_text())["threshold"] == 0.5
    other = predicted(tmp_path / "strict", {"a": FIRST}, threshold=0.7)
    both = open_members([two[0], other])
    average_predictions(both, tmp_path / "earlier", threshold=0.5, reference=None, photographs={})
    for name in ("no", "earlier"):
        with pytest.raises(ConfigError, match=r"not one: .*one 0\.5, .*strict 0\.7\. Give one: --threshold 0\.5"):
            average_predictions(both, tmp_path / name, threshold=None, reference=None, photographs={})
    assert not (tmp_path / "no").exists()
    assert (tmp_path / "earlier" / "cases.csv").is_file()


def test_the_mean_is_scored_where_its_members_were(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    # of b the mean mask is 1000 against 1110: Jaccard 1/3, and of a 1100, as its label
    config = {"split": "test", "tolerance_px": 1.0}
    folders = [
        predicted(tmp_path / "one", {"a": FIRST, "b": FIRST}),
        predicted(tmp_path / "two", {"a": SECOND, "b": [0.9, 0.1, 0.1, 0.1]}),
    ]
    reference = Reference.open(*labelled, case_ids=["a", "b"], config=config)
    done = average_predictions(
        open_members(folders), tmp_path / "mean", threshold=0.5, reference=reference, photographs={}
    )
    assert done.summary is not None
    assert (done.summary.n, done.summary.scores["jaccard"].mean) == (2, pytest.approx(2 / 3))
    assert table(tmp_path / "mean")["b"]["threshold_jaccard"] == "0.0"
    said = json.loads((tmp_path / "mean" / "run.json").read_text())
    assert said["config"] == {"manifest": str(labelled[0]), "dataset_dir": str(labelled[1]), "split": "test"}
    assert done.summary.scores["jaccard"].low is None  # both are of one lesion: nothing says how far a mean would move
    assert (tmp_path / "mean" / "summary.md").is_file()


def test_a_part_of_a_split_is_no_split(labelled: tuple[Path, Path]) -> None:
    with pytest.raises(DataError, match=r"1 test cases of .* were not predicted, first b"):
        Reference.open(*labelled, case_ids=["a"], config={"split": "test"})


def test_what_stands_in_the_way_of_the_scores_is_named(two: list[Path], tmp_path: Path) -> None:
    (tmp_path / "mean" / "summary.json").mkdir(parents=True)
    with pytest.raises(DataError, match=r"summary\.json cannot be replaced: .*--out"):
        average_predictions(open_members(two), tmp_path / "mean", threshold=None, reference=None, photographs={})


def test_one_damaged_map_costs_one_row(tmp_path: Path) -> None:
    folders = [predicted(tmp_path / name, {"a": FIRST, "b": FIRST}) for name in ("one", "two")]
    (folders[1] / "probabilities" / "b.png").write_bytes(b"no picture")
    done = average_predictions(open_members(folders), tmp_path / "mean", threshold=None, reference=None, photographs={})
    assert list(done.failed) == ["b"]
    rows = table(tmp_path / "mean")
    assert (rows["a"]["status"], rows["b"]["status"]) == ("ok", "failed")
    assert "b.png" in rows["b"]["reason"]
    assert not (tmp_path / "mean" / "masks" / "b.png").exists()


def files_of(folder: Path, stem: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(f"{stem}.*"))


@pytest.fixture
def mapped(two: list[Path]) -> list[Path]:
    """Two predictions of a with every map."""
    for folder in two:
        for kind in ("uncertainty", "boundary"):
            write_probability(folder / kind / "a.png", np.zeros((1, 4), dtype=np.float32))
    return two


@pytest.mark.parametrize("part", ["uncertainty", "boundary"])
def test_a_damaged_map_leaves_no_mask_of_its_case(mapped: list[Path], tmp_path: Path, part: str) -> None:
    (mapped[1] / part / "a.png").write_bytes(b"no picture")
    done = average_predictions(open_members(mapped), tmp_path / "mean", threshold=0.5, reference=None, photographs={})
    assert list(done.failed) == ["a"]
    assert files_of(tmp_path / "mean", "a") == []


def test_a_damaged_reference_leaves_no_mask_of_its_case(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    folders = [predicted(tmp_path / name, {"a": FIRST, "b": FIRST}) for name in ("one", "two")]
    (labelled[1] / "b.png").write_bytes(b"no picture")
    reference = Reference.open(*labelled, case_ids=["a", "b"], config={"split": "test", "tolerance_px": 1.0})
    with pytest.raises(DataError, match="1 of 2 cases have no mean, first b"):
        average_predictions(
            open_members(folders), tmp_path / "mean", threshold=0.5, reference=reference, photographs={}
        )
    assert files_of(tmp_path / "mean", "a") == ["masks/a.png", "probabilities/a.png"]
    assert files_of(tmp_path / "mean", "b") == []


def test_no_file_of_an_earlier_mean_stays_beside_the_row_of_a_case_that_fails(
    mapped: list[Path], tmp_path: Path
) -> None:
    write_rgb(tmp_path / "a.jpg", np.full((1, 4, 3), 90, dtype=np.uint8))
    photographs = {"a": tmp_path / "a.jpg"}
    out = tmp_path / "mean"
    average_predictions(open_members(mapped), out, threshold=0.5, reference=None, photographs=photographs)
    parts = [f"{part}/a.png" for part in ("boundary", "masks", "overlays", "probabilities", "uncertainty")]
    assert files_of(out, "a") == parts
    predicted(mapped[1], {"a": None})  # predicted again, and failed
    average_predictions(open_members(mapped), out, threshold=0.5, reference=None, photographs={})
    assert files_of(out, "a") == []


def test_a_map_and_an_overlay_of_an_earlier_mean_do_not_stay(mapped: list[Path], tmp_path: Path) -> None:
    write_rgb(tmp_path / "a.jpg", np.full((1, 4, 3), 90, dtype=np.uint8))
    out = tmp_path / "mean"
    average_predictions(open_members(mapped), out, threshold=0.5, reference=None, photographs={"a": tmp_path / "a.jpg"})
    for name in ("uncertainty", "boundary"):
        shutil.rmtree(mapped[1] / name)
    average_predictions(open_members(mapped), out, threshold=0.5, reference=None, photographs={})
    assert files_of(out, "a") == ["masks/a.png", "probabilities/a.png"]
    assert not (out / "uncertainty").exists()  # else the next ensemble would look for the map of a there


def test_what_a_member_could_not_predict_has_no_mean_and_keeps_its_reason(tmp_path: Path) -> None:
    folders = [
        predicted(tmp_path / "one", {"a": FIRST, "b": None}),
        predicted(tmp_path / "two", {"a": FIRST, "b": FIRST}),
    ]
    done = average_predictions(open_members(folders), tmp_path / "mean", threshold=None, reference=None, photographs={})
    assert done.failed == {"b": f"not predicted in {folders[0]}: cut short"}


def test_a_scored_mean_of_fewer_cases_is_refused(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    folders = [predicted(tmp_path / name, {"a": FIRST, "b": FIRST}) for name in ("one", "two")]
    (folders[0] / "probabilities" / "b.png").unlink()
    reference = Reference.open(*labelled, case_ids=["a", "b"], config={"split": "test", "tolerance_px": 1.0})
    with pytest.raises(DataError, match=r"1 of 2 cases have no mean, first b: .*other cases than the members'"):
        average_predictions(
            open_members(folders), tmp_path / "mean", threshold=None, reference=reference, photographs={}
        )
    assert not (tmp_path / "mean" / "summary.json").exists()


def test_a_volume_keeps_its_place(tmp_path: Path) -> None:
    affine = np.diag([0.5, 0.5, 2.0, 1.0])
    affine[:3, 3] = 7.0
    folders = []
    for name, value in (("one", 0.2), ("two", 1.0)):
        folder = tmp_path / name
        like = Picture(np.zeros((3, 4, 5), dtype=np.float32), (0.5, 0.5, 2.0), affine, nib.Nifti1Header())
        values = np.full((3, 4, 5), value, dtype=np.float32)
        write_probability(folder / "probabilities" / "v.nii.gz", values, like=like)
        rows = {"v": done_row("v", "v.nii.gz", "v.nii.gz", shape=(3, 4, 5), sums=ProbabilitySums(0.0, 0.0, 0))}
        write_record(folder, rows, failed=0, threshold=0.5, weights=None, about={})
        folders.append(folder)
    average_predictions(open_members(folders), tmp_path / "mean", threshold=None, reference=None, photographs={})
    found = read_image(tmp_path / "mean" / "masks" / "v.nii.gz")
    assert found.affine is not None
    assert found.affine.tolist() == affine.tolist()
    assert found.pixels.min() == 1
    assert read_image(tmp_path / "mean" / "probabilities" / "v.nii.gz").pixels == pytest.approx(0.6, abs=1e-6)


def test_the_outline_of_the_mean_is_drawn_on_the_photograph(two: list[Path], tmp_path: Path) -> None:
    grey = np.full((1, 4, 3), 90, dtype=np.uint8)
    write_rgb(tmp_path / "pictures" / "below" / "a.jpg", grey)
    write_rgb(tmp_path / "pictures" / "other.jpg", grey)
    members = open_members(two)
    photographs = photographs_in(tmp_path / "pictures", members[0])
    assert photographs == {"a": tmp_path / "pictures" / "below" / "a.jpg"}
    average_predictions(members, tmp_path / "mean", threshold=0.5, reference=None, photographs=photographs)
    drawn = read_image(tmp_path / "mean" / "overlays" / "a.png").pixels[0].astype(int)
    assert drawn[0].tolist() == [255, 208, 0]  # the only pixel that is lesion for sure
    assert np.abs(drawn[3] - 90).max() < 5


def test_a_photograph_of_another_size_or_name_is_refused(two: list[Path], tmp_path: Path) -> None:
    members = open_members(two)
    with pytest.raises(DataError, match=r"none of the photographs of .*one\. Give the folder that was predicted"):
        photographs_in(tmp_path / "nothing", members[0])
    for place in ("x", "y"):
        write_rgb(tmp_path / "pictures" / place / "a.jpg", np.zeros((2, 4, 3), dtype=np.uint8))
    with pytest.raises(DataError, match=r"have the name of one photograph"):
        photographs_in(tmp_path / "pictures", members[0])
    photographs = {"a": tmp_path / "pictures" / "x" / "a.jpg"}
    done = average_predictions(members, tmp_path / "mean", threshold=0.5, reference=None, photographs=photographs)
    assert "(2, 4) px, its prediction (1, 4)" in done.failed["a"]
    assert not (tmp_path / "mean" / "masks").exists()


def test_photographs_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    for place in ("p1", "p2"):
        write_rgb(tmp_path / "pictures" / place / "img.png", np.zeros((1, 4, 3), dtype=np.uint8))
    ids = [str(sample["case_id"]) for sample in readable_images(tmp_path / "pictures")]
    assert ids == ["p1_img_png", "p2_img_png"]
    member = Member.open(predicted(tmp_path / "one", dict.fromkeys(ids, FIRST), image="img.png"))
    found = {name: tmp_path / "pictures" / name[:2] / "img.png" for name in ids}
    assert photographs_in(tmp_path / "pictures", member) == found
    write_rgb(tmp_path / "pictures" / "p3" / "img.png", np.zeros((1, 4, 3), dtype=np.uint8))  # came later
    assert photographs_in(tmp_path / "pictures", member) == found
    found["p1_img_png"].unlink()
    (tmp_path / "pictures" / "p3" / "img.png").unlink()
    assert photographs_in(tmp_path / "pictures", member) == {"p2_img_png": found["p2_img_png"]}


def test_photographs_of_one_name_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    write_rgb(tmp_path / "pictures" / "p1" / "img.png", np.zeros((1, 4, 3), dtype=np.uint8))
    member = Member.open(predicted(tmp_path / "one", {"a": FIRST, "b": FIRST}, image="img.png"))
    words = r"Cases a and b are both of a photograph img\.png, .*p1.img\.png is the id of neither\. Give the folder"
    with pytest.raises(DataError, match=words):
        photographs_in(tmp_path / "pictures", member)


def test_folders_that_do_not_belong_together_are_refused(two: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Give two folders or more"):
        open_members(two[:1])
    with pytest.raises(ConfigError, match=r"one is given twice"):
        open_members([two[0], two[0] / ".." / "one"])
    with pytest.raises(DataError, match=r"one has no case b, which .*more has \(1 such cases\)"):
        open_members([two[0], predicted(tmp_path / "more", {"a": FIRST, "b": FIRST})])
    with pytest.raises(ConfigError, match=r"two is one of the folders to average"):
        average_predictions(open_members(two), two[1], threshold=None, reference=None, photographs={})
    wide = predicted(tmp_path / "wide", {"a": [*FIRST, 0.0]})
    done = average_predictions(
        open_members([two[0], wide]), tmp_path / "mean", threshold=None, reference=None, photographs={}
    )
    assert "(1, 4) px" in done.failed["a"]
    assert "(1, 5)" in done.failed["a"]


def test_a_mean_takes_the_place_of_itself_and_of_no_other_prediction(two: list[Path], tmp_path: Path) -> None:
    def mean(folders: list[Path], out: Path) -> None:
        average_predictions(open_members(folders), out, threshold=0.5, reference=None, photographs={})

    for _ in range(2):
        mean(two, tmp_path / "mean")
    with pytest.raises(
        ConfigError, match=r"mean holds the prediction of the mean of .*one, .*two; this one is of .*other"
    ):
        mean([two[0], predicted(tmp_path / "other", {"a": SECOND})], tmp_path / "mean")
    three = predicted(tmp_path / "three", {"a": FIRST, "b": FIRST})  # a plain prediction, and of one case more
    with pytest.raises(ConfigError, match=r"three holds masks of 1 cases that are not predicted now, first b\.png"):
        mean(two, three)


def test_masks_alone_have_no_mean(two: list[Path]) -> None:
    for file in (two[1] / "probabilities").iterdir():
        file.unlink()
    (two[1] / "probabilities").rmdir()
    with pytest.raises(DataError, match=r"two has no probabilities/, only masks"):
        open_members(two)
