from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch
from ignite.engine import Engine
from monai.data.meta_tensor import MetaTensor

from dermaseg_monai.engines import CaseScorer
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.images import Picture, write_mask


def _map(rows: str) -> torch.Tensor:
    return torch.tensor([[[float(pixel) for pixel in row] for row in rows.split()]])


def _run(scorer: CaseScorer, batches: list[Any]) -> Any:  # noqa: ANN401
    def step(engine: Any, batch: Any) -> Any:  # noqa: ANN401
        engine.state.batch = [sample for sample, _ in batch]
        return [result for _, result in batch]

    engine = Engine(step)
    scorer.attach(engine)
    engine.run(batches)
    return engine.state.case_scores  # pyright: ignore[reportAttributeAccessIssue]


def test_each_case_is_scored_once_and_sorted_by_its_id() -> None:
    one = ({"case_id": "b"}, {"pred": _map("11 00"), "label": _map("10 00")})
    two = ({"case_id": "a"}, {"pred": _map("00 00"), "label": _map("00 00")})
    scorer = CaseScorer(threshold=0.5, both_empty=1.0, surface=False)
    scores = _run(scorer, [[one], [two, one]])
    assert [(score.case_id, score.dice, score.jaccard) for score in scores] == [
        ("a", 1.0, 1.0),
        ("b", pytest.approx(2 / 3), 0.5),
    ]
    assert scores[0].surface_dice is None


def test_a_second_run_holds_no_case_of_the_first() -> None:
    scorer = CaseScorer(threshold=0.5, both_empty=1.0, surface=False)
    for name in "ab":
        (score,) = _run(scorer, [[({"case_id": name}, {"pred": _map("1"), "label": _map("1")})]])
        assert score.case_id == name


def test_what_the_scores_depend_on_is_said() -> None:
    photographs = CaseScorer(threshold=0.5, both_empty=1.0, tolerance_px=2.0, boundary_px=3)
    said = "hd95 and assd in px; surface_dice within 2 px; boundary_iou of bands of 3 px"
    assert photographs.rules == f"Scores: both masks empty: 1; {said}."
    volumes = CaseScorer(threshold=0.5, both_empty=0.0, tolerance_mm=0.5, boundary_px=1, grid="file")
    said = "hd95 and assd in mm; surface_dice within 0.5 mm; boundary_iou of bands of 1 px"
    assert volumes.rules == f"Scores: both masks empty: 0; {said}."
    assert CaseScorer(threshold=0.5, both_empty=1.0, surface=False).rules == "Scores: both masks empty: 1."


def test_a_probability_at_the_threshold_is_lesion() -> None:
    case = ({"case_id": "a"}, {"pred": torch.tensor([[[0.7, 0.69]]]), "label": _map("10")})
    assert _run(CaseScorer(threshold=0.7, both_empty=1.0, surface=False), [[case]])[0].dice == 1.0


def test_contours_are_scored_where_asked_for() -> None:
    case = ({"case_id": "a"}, {"pred": _map("110 110 000"), "label": _map("110 110 000")})
    score = _run(CaseScorer(threshold=0.5, both_empty=1.0, tolerance_px=1.0, boundary_px=1), [[case]])[0]
    assert (score.hd95_px, score.surface_dice, score.boundary_iou) == (0.0, 1.0, 1.0)


def test_the_label_can_come_from_its_file(tmp_path: Path) -> None:
    write_mask(tmp_path / "mask.png", np.array([[True, False], [False, False]]))
    label = MetaTensor(torch.zeros(1, 1, 1), meta={"filename_or_obj": str(tmp_path / "mask.png")})
    case = ({"case_id": "a", "label": label}, {"pred": _map("10 00"), "label": label})
    assert _run(CaseScorer(threshold=0.5, both_empty=1.0, surface=False, grid="file"), [[case]])[0].dice == 1.0


def test_another_grid_is_said() -> None:
    case = ({"case_id": "a"}, {"pred": _map("10 00"), "label": _map("1")})
    with pytest.raises(ConfigError, match=r"Case a: the prediction has \(2, 2\) px, the label \(1, 1\).*RestoreGridd"):
        _run(CaseScorer(threshold=0.5, both_empty=1.0, surface=False), [[case]])


def test_a_missing_key_is_said_with_what_is_there() -> None:
    with pytest.raises(ConfigError, match="finds no 'pred' in the output; it has label"):
        _run(CaseScorer(threshold=0.5, both_empty=1.0), [[({"case_id": "a"}, {"label": _map("1")})]])


def test_cases_without_an_id_are_refused() -> None:
    with pytest.raises(ConfigError, match="carries no case_id"):
        _run(CaseScorer(threshold=0.5, both_empty=1.0), [[({}, {"pred": _map("1"), "label": _map("1")})]])


def test_an_unknown_grid_is_refused() -> None:
    with pytest.raises(ConfigError, match="grid of CaseScorer is 'original'; it is one of sample, file"):
        CaseScorer(threshold=0.5, both_empty=1.0, grid="original")


def test_a_volume_is_scored_in_mm_by_the_affine_of_its_label(tmp_path: Path) -> None:
    label = np.zeros((6, 6, 6), dtype=bool)
    label[2:4, 2:4, 1:3] = True
    affine = np.diag([0.5, 2.0, 3.0, 1.0])
    header = nib.Nifti1Header()
    header.set_sform(affine, code=1)
    header.set_qform(affine, code=1)
    like = Picture(label.astype(np.float32), (0.5, 2.0, 3.0), affine, header)
    write_mask(tmp_path / "label.nii.gz", label, like=like)
    moved = torch.from_numpy(np.roll(label, 1, axis=2)[None].astype(np.float32))  # by 3 mm
    case = ({"case_id": "v", "label_path": str(tmp_path / "label.nii.gz")}, {"pred": moved, "label": moved})
    scorer = CaseScorer(threshold=0.5, both_empty=1.0, tolerance_mm=2.9, boundary_px=1, grid="file")
    (score,) = _run(scorer, [[case]])
    assert (score.dice, score.hd95_mm, score.hd95_px, score.volume_error_mm3) == (0.5, 3.0, None, 0.0)
    assert score.surface_dice == pytest.approx(0.5)  # the slices in between lie on both contours


def test_mm_on_another_grid_than_the_files_are_refused() -> None:
    with pytest.raises(ConfigError, match="tolerance_mm needs grid file"):
        CaseScorer(threshold=0.5, both_empty=1.0, tolerance_mm=1.0, boundary_px=1)
