"""The rules of the ISIC challenge scorer (Task 1), written down here a second time and compared image by image."""

from collections.abc import Callable

import numpy as np
import pytest

from dermaseg_monai.metrics import CaseScore, score_case, summarise

GREY = 128  # the scorer takes a pixel as lesion when its 8-bit value is above this


def rules(pred: np.ndarray, label: np.ndarray) -> dict[str, float]:
    p, t = (pred > GREY).ravel().tolist(), (label > GREY).ravel().tolist()
    tp = sum(a and b for a, b in zip(p, t, strict=True))
    tn = sum(not a and not b for a, b in zip(p, t, strict=True))
    fp, fn = sum(p) - tp, sum(t) - tp
    jaccard = tp / (tp + fp + fn) if tp + fp + fn else 1.0
    return {
        "accuracy": (tp + tn) / len(p),
        "sensitivity": tp / (tp + fn) if tp + fn else 1.0,
        "specificity": tn / (tn + fp) if tn + fp else 1.0,
        "jaccard": jaccard,
        "threshold_jaccard": jaccard if jaccard >= 0.65 else 0.0,
        "dice": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0,
    }


def photographs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(3)
    dark, light = np.zeros((6, 7), dtype=np.uint8), np.full((6, 7), 255, dtype=np.uint8)
    pairs = {f"grey{n}": (rng.integers(256, size=(6, 7)), rng.integers(256, size=(6, 7))) for n in range(5)}
    pairs |= {"both empty": (dark, dark), "both full": (light, light), "missed": (dark, light), "alarm": (light, dark)}
    edge = light.copy()
    edge[0, :5], edge[1, :2] = 128, 129  # 128 is skin, 129 is lesion: Jaccard 37 / 42
    return pairs | {"at the edge of grey": (edge, light)}


def ours(name: str, pred: np.ndarray, label: np.ndarray) -> CaseScore:
    return score_case(pred > GREY, label > GREY, case_id=name, both_empty=1.0, surface=False)


@pytest.mark.parametrize("name", photographs())
def test_every_image_scores_as_in_the_challenge(name: str) -> None:
    pred, label = photographs()[name]
    score = ours(name, pred, label)
    assert {key: getattr(score, key) for key in rules(pred, label)} == pytest.approx(rules(pred, label))


def test_the_result_is_the_mean_over_images_of_threshold_jaccard() -> None:
    pairs = photographs()
    summary = summarise([ours(name, *pair) for name, pair in pairs.items()], seed=0, draws=10)
    expected = [rules(*pair)["threshold_jaccard"] for pair in pairs.values()]
    assert summary.scores["threshold_jaccard"].mean == pytest.approx(np.mean(expected))


def test_a_hand_count(draw: Callable[[str], np.ndarray]) -> None:
    good = score_case(draw("###. ...."), draw("###. #..."), case_id="a", both_empty=1.0, surface=False)  # J 3 / 4
    poor = score_case(draw("##.. ...."), draw("###. #..."), case_id="b", both_empty=1.0, surface=False)  # J 2 / 4
    summary = summarise([good, poor], seed=0)
    assert summary.scores["jaccard"].mean == pytest.approx(5 / 8)
    assert summary.scores["threshold_jaccard"].mean == pytest.approx(3 / 8)
