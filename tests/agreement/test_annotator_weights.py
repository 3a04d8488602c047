from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.agreement.annotator_weights import AgainstOthers, against_others, pooled_weights, read_weights
from dermaseg_monai.errors import ConfigError, DataError


def box(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((40, 40), dtype=bool)
    mask[rows, columns] = True
    return mask


BIG, HALF = box(slice(10, 18), slice(10, 18)), box(slice(10, 18), slice(10, 14))


def test_a_reader_is_counted_against_the_soft_mean_of_the_others_near_the_lesion() -> None:
    # the box of 8 x 8 px grows by 2 on each side: 144 px, of which the big outline has 64 and the half one 32
    big, half = against_others([BIG, HALF])
    assert big == AgainstOthers(32.0, 32.0, 112.0, 80.0)
    assert half == AgainstOthers(64.0, 32.0, 80.0, 80.0)
    assert (half.sensitivity, half.specificity) == (0.5, 1.0)
    third = against_others([BIG, HALF, HALF])[0]
    assert (third.lesion_px, third.hit_px, third.skin_px) == (32, 32, 112)
    one_each = against_others([HALF, BIG, HALF])[0]
    assert (one_each.lesion_px, one_each.hit_px) == (48, 32)


def test_empty_outlines_count_nothing() -> None:
    assert against_others([BIG & ~BIG] * 2) == [AgainstOthers()] * 2
    assert AgainstOthers().sensitivity == 0


def test_pooled_weights_are_youdens_index_of_the_sums() -> None:
    counted = {
        "b": AgainstOthers(64.0, 32.0, 80.0, 80.0),
        "a": AgainstOthers(32.0, 32.0, 112.0, 80.0) + AgainstOthers(68.0, 58.0, 8.0, 8.0),
    }
    table = pooled_weights(counted)
    assert list(table["annotator"]) == ["a", "b"]
    assert list(table["weight"]) == pytest.approx([0.9 + 88 / 120 - 1, 0.5])


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "weights.csv"
    path.write_text(text)
    return path


def test_a_table_says_weights_or_sensitivity_and_specificity(tmp_path: Path) -> None:
    path = write(tmp_path, "annotator,weight\n7,2\nann,0.5\nnobody,9\n")
    assert read_weights(path, ["7", "ann"]) == {"7": 2, "ann": 0.5}
    path = write(tmp_path, "annotator,sensitivity,specificity\nann,0.9,0.8\nbob,0.2,0.3\n")
    assert read_weights(path, ["ann", "bob"]) == pytest.approx({"ann": 0.7, "bob": 0})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("annotator,weight\nann,1\n", r"weights\.csv has no row for annotator 'bob'"),
        ("annotator,weight\nann,1\nbob,1\nbob,2\n", r"has 2 rows for annotator 'bob'"),
        ("annotator,weight\nann,1\nbob,-1\n", r"weight of 'bob' in .* is no number of 0 or more"),
        ("annotator,weight\nann,1\nbob,much\n", r"weight of 'bob'"),
        ("annotator,weight\nann,0\nbob,0\n", r"All weights in .* are 0"),
    ],
)
def test_a_table_that_leaves_somebody_open_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_weights(write(tmp_path, text), ["ann", "bob"])


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has the columns name, x; needed are annotator and weight"):
        read_weights(write(tmp_path, "name,x\nann,1\n"), ["ann"])
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_weights(tmp_path / "none.csv", ["ann"])


def test_an_annotator_may_be_called_na_and_a_rate_that_is_no_number_is_named(tmp_path: Path) -> None:
    table = tmp_path / "weights.csv"
    table.write_text("annotator,sensitivity,specificity\nNA,0.9,0.8\nb,0.5,0.6\n")
    assert read_weights(table, ["NA", "b"]) == {"NA": pytest.approx(0.7), "b": pytest.approx(0.1)}
    table.write_text("annotator,sensitivity,specificity\nNA,high,0.8\nb,0.5,0.6\n")
    with pytest.raises(ConfigError, match=r"The weight of 'NA' .* is no number"):
        read_weights(table, ["NA", "b"])
