from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement.size_band import size_bands
from dermaseg_monai.agreement.study import write_study


def pairs_of(areas: list[float]) -> pd.DataFrame:
    """Two pairs per case: both outlines of the area, and one of none beside one of twice the area."""
    rows = []
    for number, area in enumerate(areas):
        for one, other in ((area, area), (0.0, 2 * area)):
            rows.append({"case_id": f"c{number}", "area_a_px": one, "area_b_px": other})
    return pd.DataFrame(rows)


def test_a_quarter_holds_a_quarter_of_the_cases_with_all_their_pairs() -> None:
    # discs of 4, 8, ..., 80 px
    found = size_bands(pairs_of([np.pi * (2 * number + 2) ** 2 for number in range(20)]))
    assert found is not None
    assert found.value_counts().tolist() == [10, 10, 10, 10]
    assert found.iloc[0] == "quarter 1, diameter up to 23 px"
    assert found.iloc[-1] == "quarter 4, diameter above 61 px"
    assert (found.iloc[::2].to_numpy() == found.iloc[1::2].to_numpy()).all()


@pytest.mark.parametrize("areas", [[1.0 * number for number in range(19)], [5.0] * 30], ids=["too few", "all alike"])
def test_no_quarters(areas: list[float]) -> None:
    assert size_bands(pairs_of(areas)) is None


def test_a_table_of_pairs_without_areas_has_none() -> None:
    assert size_bands(pd.DataFrame({"case_id": ["a"], "dice": [1.0]})) is None


def test_a_study_is_divided_by_size(tmp_path: Path) -> None:
    pairs = pairs_of([10.0 * (number + 1) for number in range(20)])
    pairs = pairs.assign(annotator_a="ann", annotator_b="bob", group=None, dice=0.8, jaccard=2 / 3)
    pairs = pairs.assign(threshold_jaccard=2 / 3, hd95_px=1.0, assd_px=1.0, surface_dice=1.0)
    pairs = pd.concat([pairs, pairs[pairs["case_id"] == pairs["case_id"].iloc[-1]].assign(annotator_b="eve")])
    pairs = pairs.reset_index(drop=True)  # most pairs stand in the last quarter, and it stays the last row
    write_study(tmp_path, pairs, pd.DataFrame(), factors=[], notes=[], failures=[], below_dice=0.7, seed=0)
    table = pd.read_csv(tmp_path / "by_size.csv").query("whose == 'different people'")
    assert table["size"].str.slice(0, 9).tolist() == [f"quarter {number}" for number in (1, 2, 3, 4)]
    assert table["images"].tolist() == [5, 5, 5, 5]
    assert "By size" in (tmp_path / "summary.md").read_text()
