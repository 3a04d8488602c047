import json

import pytest

from dermaseg_monai.metrics import Counts, pooled_scores


def test_the_cells_are_summed_before_they_are_divided() -> None:
    large, small = Counts(tp=6, fp=2, fn=0, tn=8), Counts(tp=0, fp=0, fn=2, tn=2)
    found = pooled_scores([large, small], both_empty=1.0, empty_pred=0.0, empty_label=1.0)
    assert found.counts == Counts(tp=6, fp=2, fn=2, tn=10)
    assert found.scores == {"accuracy": 16 / 20, "precision": 6 / 8, "recall": 6 / 8, "f1": 12 / 16}
    # the mean over images would be (12/14 + 0) / 2: the missed lesion counts there
    assert json.loads(found.to_json())["counts_px"] == {"tp": 6, "fp": 2, "fn": 2, "tn": 10}
    assert "2 images, 20 px pooled" in found.to_markdown()


def test_nothing_anywhere_scores_what_is_asked() -> None:
    empty = Counts(tp=0, fp=0, fn=0, tn=4)
    found = pooled_scores([empty], both_empty=1.0, empty_pred=0.25, empty_label=0.5)
    assert found.scores == {"accuracy": 1.0, "precision": 0.25, "recall": 0.5, "f1": 1.0}


def test_no_image_is_no_score() -> None:
    with pytest.raises(ValueError, match="no image to pool"):
        pooled_scores([], both_empty=1.0, empty_pred=0.0, empty_label=1.0)
