"""Volumes are measured in mm, on one grid of the patient; pictures in pixels; never both in one mean."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement import ReadCase, Reading, ceiling_table, measure, reader_tables, repeat_tolerance
from dermaseg_monai.agreement.leave_one_out import leave_one_out
from dermaseg_monai.agreement.outline_bias import outline_bias, signed_offsets
from dermaseg_monai.agreement.pair_score import score_pairs
from dermaseg_monai.agreement.pair_table import read_pairs
from dermaseg_monai.agreement.reliability_table import reliability
from dermaseg_monai.agreement.size_band import size_bands
from dermaseg_monai.agreement.vote_patterns import count_patterns
from dermaseg_monai.agreement.votes import count_votes
from dermaseg_monai.errors import ConfigError, DataError
from tests.agreement.conftest import Write
from tests.agreement.volumes import AFFINE, SHAPE, SPACING_MM, box, save

BIG = box(slice(4, 12), slice(2, 8), slice(2, 6))  # 8 x 6 x 4 voxels of 1 mm³
SHIFTED = box(slice(4, 12), slice(2, 8), slice(3, 7))  # one voxel, 2 mm, along z


def case(folder: Path, name: str = "case", **drawn: np.ndarray) -> ReadCase:
    return ReadCase(name, tuple(Reading(who, save(folder / f"{name}_{who}.nii.gz", one)) for who, one in drawn.items()))


def test_distances_and_volumes_are_those_of_the_anisotropic_voxels(tmp_path: Path) -> None:
    found = measure([case(tmp_path, ann=BIG, bob=SHIFTED)], tolerance_mm=1.0, both_empty=1.0)
    row = found.pairs.iloc[0]
    assert row["dice"] == pytest.approx(3 / 4)
    assert row["hd95_mm"] == pytest.approx(2.0)  # one step of z, a single voxel: 1 in pixels
    assert (row["volume_a_mm3"], row["volume_b_mm3"], row["volume_difference_mm3"]) == (192, 192, 0)
    assert (row["voxels_a"], row["voxels_b"]) == (192, 192)
    assert not [name for name in found.pairs if str(name).endswith("_px")]
    mask = found.masks.iloc[0]
    assert mask["volume_mm3"] == 192
    assert mask["diameter_mm"] == pytest.approx((6 * 192 / np.pi) ** (1 / 3))
    assert not [name for name in found.masks if str(name).endswith("_px")]


def test_surface_dice_counts_what_lies_within_the_tolerance_in_mm() -> None:
    # of each slab of 2 x 2 x 1 voxels every voxel is contour and has its nearest neighbour 2 mm away
    one, other = (box(slice(0, 2), slice(0, 2), slice(at, at + 1)) for at in (2, 3))
    scores = [
        score_pairs([one, other], tolerance_mm=mm, spacing_mm=SPACING_MM, both_empty=1.0)[0, 1] for mm in (1.9, 2.0)
    ]
    assert [score["surface_dice"] for score in scores] == [0, 1]
    assert [score["assd_mm"] for score in scores] == [2, 2]


def test_a_volume_difference_has_its_size_in_mm3(tmp_path: Path) -> None:
    less = box(slice(4, 12), slice(2, 8), slice(2, 5))  # 144 of 192 mm³
    row = measure([case(tmp_path, zoe=BIG, abe=less)], tolerance_mm=1.0, both_empty=1.0).pairs.iloc[0]
    assert (row["annotator_a"], row["volume_a_mm3"], row["volume_b_mm3"]) == ("abe", 144, 192)
    assert (row["voxels_a"], row["volume_difference_mm3"]) == (144, 48)


def test_the_bias_of_a_reader_is_in_mm(tmp_path: Path) -> None:
    wide = box(slice(4, 12), slice(2, 8), slice(1, 7))
    cases = [case(tmp_path, f"c{at}", ann=BIG, bob=wide) for at in range(6)]
    measured = measure(cases, tolerance_mm=1.0, both_empty=1.0, band_diameters=0.2)
    tables = reader_tables(measured, seed=0)
    bias = tables.bias.set_index("annotator")
    offsets = bias["offset_mm"].astype(float).to_dict()
    assert offsets["bob"] > 0 > offsets["ann"]
    assert bias.loc["bob", "log_volume_ratio"] == pytest.approx(np.log(6 / 4))
    assert measured.masks["centroid_shift_mm"].to_list() == pytest.approx([0] * 12)
    text = "\n".join(tables.sections())
    assert "offset, mm" in text
    assert "px" not in text
    assert "In volumes only the scope is looked at" in text
    words = reliability(measured.pairs, measured.masks, measured.votes, seed=0)
    assert {"volume (mm³)", "equivalent diameter (mm)", "whole volume"} <= set(words["what"])
    assert not words["definition"].str.contains("pixel").any()


def test_two_readers_on_different_affines_are_never_compared(tmp_path: Path) -> None:
    moved = AFFINE.copy()
    moved[0, 3] += 1.0
    one = case(tmp_path, "apart", ann=BIG)
    other = Reading("bob", save(tmp_path / "apart_bob.nii.gz", BIG, moved))
    fine = case(tmp_path, "fine", ann=BIG, bob=BIG)
    found = measure([ReadCase("apart", (*one.readings, other)), fine], tolerance_mm=1.0, both_empty=1.0)
    assert list(found.pairs["case_id"]) == ["fine"]
    (line,) = found.failures
    assert line.startswith(
        "apart: the mask of bob has another affine: a corner lies 1 mm from ann's (apart_bob.nii.gz)"
    )


def test_the_scan_decides_which_grid_is_right(tmp_path: Path) -> None:
    mirrored = AFFINE @ np.diag([-1.0, 1, 1, 1])
    scan = save(tmp_path / "scan.nii.gz", BIG)
    off = tuple(Reading(who, save(tmp_path / f"{who}.nii.gz", BIG, mirrored)) for who in "ab")
    right = Reading("c", save(tmp_path / "c.nii.gz", BIG))
    found = measure([ReadCase("x", (*off, right), image=scan)], tolerance_mm=1.0, both_empty=1.0)
    assert list(found.masks["annotator"]) == ["c"]
    assert len(found.failures) == 2


def test_a_size_in_the_manifest_does_not_say_where_a_volume_lies(tmp_path: Path) -> None:
    moved = AFFINE.copy()
    moved[0, 3] += 1.0
    readings = (*case(tmp_path, ann=BIG).readings, Reading("bob", save(tmp_path / "bob.nii.gz", BIG, moved)))
    away = ReadCase("x", readings, image=tmp_path / "gone.nii.gz", grid=SHAPE)
    found = measure([away], tolerance_mm=1.0, both_empty=1.0)
    assert found.pairs.empty
    assert "x: the mask of bob has another affine" in found.failures[0]


def test_pictures_among_volumes_are_refused_in_one_line(tmp_path: Path, write: Write) -> None:
    flat = ReadCase("flat", (Reading("a", write("a.png", slice(1, 9))), Reading("b", write("b.png", slice(2, 9)))))
    with pytest.raises(DataError, match=r"2 outlines are volumes, first case_a.*, and 2 pictures, first a\.png"):
        measure([flat, case(tmp_path, a=BIG, b=BIG)], tolerance_mm=1.0, both_empty=1.0)


@pytest.mark.parametrize("given", [{"tolerance_px": 2.0}, {}, {"tolerance_px": 2.0, "tolerance_mm": 1.0}])
def test_the_tolerance_of_volumes_is_in_mm(tmp_path: Path, given: dict[str, float]) -> None:
    with pytest.raises(
        ConfigError, match=r"volumes, measured in mm: give .* --tolerance-mm 0.2, and no --tolerance-px"
    ):
        measure([case(tmp_path, a=BIG, b=BIG)], both_empty=1.0, **given)  # type: ignore[arg-type]


def test_the_tolerance_of_pictures_is_in_pixels(write: Write) -> None:
    flat = ReadCase("flat", (Reading("a", write("a.png", slice(1, 9))), Reading("b", write("b.png", slice(2, 9)))))
    with pytest.raises(ConfigError, match=r"pictures, measured in pixels: give .* --tolerance-px"):
        measure([flat], tolerance_mm=1.0, both_empty=1.0)


def test_the_tolerance_from_repeats_of_volumes_is_in_mm(tmp_path: Path) -> None:
    one, other = (box(slice(0, 2), slice(0, 2), slice(at, at + 1)) for at in (2, 3))
    twice = case(tmp_path, ann=one)
    again = Reading("ann", save(tmp_path / "again.nii.gz", other))
    found = repeat_tolerance([ReadCase("x", (*twice.readings, again))], quantile=0.95)
    assert (found.value, found.unit) == (2.0, "mm")
    assert "Tolerance 2.000 mm" in found.note()


def test_the_band_is_as_wide_in_mm_along_every_axis() -> None:
    # one voxel; the band is what lies within 2 mm of it: 4 voxels each way along x, 2 along y, 1 along z
    one = box(slice(10, 11), slice(6, 7), slice(4, 5))
    diameter_mm = (6 / np.pi) ** (1 / 3)
    rows = count_votes("c", ["a", "b"], [one, one], band_diameters=2.0001 / diameter_mm, spacing_mm=SPACING_MM)
    near = np.indices(SHAPE) - np.array([10, 6, 4])[:, None, None, None]
    within = near * np.array(SPACING_MM)[:, None, None, None]
    assert sum(row["band_px"] for row in rows) == int(((within**2).sum(axis=0) <= 4).sum())
    patterns = count_patterns("c", ["a", "b"], [one, one], spacing_mm=SPACING_MM)  # at least the coarsest step, 2 mm
    assert patterns is not None
    assert patterns.pixels.sum() == int(((within**2).sum(axis=0) <= 4).sum())


def test_half_way_between_two_others_is_half_way_in_mm() -> None:
    plate, part = (box(x, slice(1, 11), slice(3, 4)) for x in (slice(2, 18), slice(12, 18)))
    at = (10, 6, 3)  # inside the plate, one voxel (2 mm) from its faces; outside the part by two voxels (1 mm)
    in_mm = leave_one_out([plate, part, plate], ["a", "b", "c"], spacing_mm=SPACING_MM)[2]
    in_voxels = leave_one_out([plate, part, plate], ["a", "b", "c"])[2]
    assert in_mm.contested[at]
    assert in_mm.consensus[at]
    assert not in_voxels.consensus[at]


def test_offsets_and_shifts_are_measured_along_the_steps_of_the_voxels() -> None:
    one, other = (box(slice(5, 6), slice(5, 6), slice(at, at + 1)) for at in (3, 2))
    assert signed_offsets(one, other, spacing_mm=SPACING_MM).tolist() == [2.0, -2.0]
    bias = outline_bias(one, other, others=1, both_empty=1.0, spacing_mm=SPACING_MM)
    assert (bias["centroid_shift_mm"], bias["furthest_out_mm"], bias["consensus_volume_mm3"]) == (2.0, 2.0, 1.0)


def test_quarters_of_size_are_diameters_of_balls_in_mm() -> None:
    volumes = np.arange(1.0, 25.0)
    pairs = pd.DataFrame({"case_id": [f"c{at}" for at in range(24)], "volume_a_mm3": volumes, "volume_b_mm3": volumes})
    bands = size_bands(pairs)
    assert bands is not None
    edge = np.quantile((6 * volumes / np.pi) ** (1 / 3), 0.25)
    assert bands.iloc[0] == f"quarter 1, diameter up to {edge:.2f} mm"


def test_the_ceiling_of_volumes_is_in_mm_and_a_missing_prediction_is_a_diagonal_off(tmp_path: Path) -> None:
    cases = [case(tmp_path / "masks", name, ann=BIG, bob=SHIFTED) for name in ("seen", "lost")]
    save(tmp_path / "pred" / "seen.nii.gz", BIG)
    images = ceiling_table(cases, tmp_path / "pred", tolerance_mm=1.0, both_empty=1.0, missing="zero").images
    rows = images.set_index("case_id")
    assert rows.loc["seen", "human_hd95_mm"] == pytest.approx(2.0)
    assert rows.loc["seen", "model_hd95_mm"] == pytest.approx(1.0)  # 0 from ann, 2 from bob
    assert rows.loc["lost", "model_hd95_mm"] == pytest.approx(np.hypot(np.hypot(10, 12), 16))
    assert rows.loc["lost", "model_volume_difference_mm3"] == 192
    assert not [name for name in images if name.endswith("_px")]


def test_a_prediction_on_another_affine_is_no_prediction(tmp_path: Path) -> None:
    cases = [case(tmp_path / "masks", "x", ann=BIG, bob=SHIFTED)]
    save(tmp_path / "pred" / "x.nii.gz", BIG, AFFINE @ np.diag([1, 1, -1.0, 1]))
    with pytest.raises(DataError, match=r"1 of 1 images have no usable prediction .*unreadable or on another grid"):
        ceiling_table(cases, tmp_path / "pred", tolerance_mm=1.0, both_empty=1.0, missing="refuse")


def test_our_own_pairs_of_volumes_are_read_back(tmp_path: Path) -> None:
    pairs = measure([case(tmp_path, ann=BIG, bob=SHIFTED)], tolerance_mm=1.0, both_empty=1.0).pairs
    pairs.to_csv(tmp_path / "pairs.csv", index=False)
    again, _ = read_pairs(tmp_path / "pairs.csv")
    assert list(again.columns) == list(pairs.columns)
    assert again.loc[0, "hd95_mm"] == pytest.approx(2.0)
