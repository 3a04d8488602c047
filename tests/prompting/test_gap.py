import json

import pytest

from dermaseg_monai.metrics import CaseScore
from dermaseg_monai.prompting.gap import GapTable, gap_table
from dermaseg_monai.prompting.prompt import Origin
from dermaseg_monai.prompting.scoring import KindScores

IDS = ("a", "b", "c")
GROUPS = {"a": "a", "b": "b", "c": "b"}


def kind(name: str, *jaccards: float, without: int = 0) -> KindScores:
    origin: Origin = "given" if name.startswith("given_") else "automatic"
    scores = [
        CaseScore(
            case_id=case_id, dice=2 * j / (1 + j), jaccard=j, threshold_jaccard=j if j >= 0.65 else 0.0,
            accuracy=1.0, sensitivity=1.0, specificity=1.0, precision=1.0,
            hd95_px=10 * (1 - j), assd_px=1.0, surface_dice=j, boundary_iou=j, pred_px=5, label_px=5,
        )
        for case_id, j in zip(IDS, jaccards, strict=True)
    ]  # fmt: skip
    return KindScores(name, origin, scores, without)


@pytest.fixture
def table() -> GapTable:
    kinds = [
        kind("given_box", 0.9, 0.8, 1.0),
        kind("automatic_whole_image", 0.3, 0.2, 0.4, without=2),
        kind("automatic_network_mask", 0.8, 0.7, 0.9),
    ]
    return gap_table(kinds, groups=GROUPS, seed=0, title="SAM, split test", n_failed=1)


def test_the_gap_is_the_mean_of_the_paired_differences(table: GapTable) -> None:
    given, whole, network = table.rows
    assert whole.from_given is not None
    assert whole.from_network is not None
    assert whole.from_given["jaccard"].difference == pytest.approx(-0.6)
    assert whole.from_network["jaccard"].difference == pytest.approx(-0.5)
    assert given.from_given is None
    assert network.from_network is None
    assert given.from_network is not None
    assert given.from_network["jaccard"].low == pytest.approx(0.1)


def test_every_row_says_its_origin_and_how_many_had_no_prompt(table: GapTable) -> None:
    text = table.to_markdown()
    lines = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert "| given | 0 |" in lines["given_box"]
    assert "| automatic | 2 |" in lines["automatic_whole_image"]
    assert "given: made from the reference mask; no figure of it can be reached in use." in text
    assert "3 images in 2 groups" in text
    assert "Fewer than 10 groups (2): the interval is too narrow." in text
    assert "1 more could not be used" in text
    assert text.startswith("# SAM, split test\n")
    assert str(table).startswith("SAM, split test\n")


def test_the_long_table_has_a_row_per_kind_and_score(table: GapTable) -> None:
    frame = table.to_frame().set_index(["mask_from", "score"])
    row = frame.loc["automatic_whole_image", "jaccard"]
    assert row["origin"] == "automatic"
    assert row["n_without_prompt"] == 2
    assert row["mean"] == pytest.approx(0.3)
    assert row["minus_given_box"] == pytest.approx(-0.6)
    assert row["minus_network_low"] <= row["minus_network"] <= row["minus_network_high"]
    assert set(frame.index.get_level_values("score")) >= {"jaccard", "threshold_jaccard", "dice", "hd95_px"}


def test_json_holds_no_nan_and_says_what_the_origins_mean(table: GapTable) -> None:
    data = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert [row["origin"] for row in data["rows"]] == ["given", "automatic", "automatic"]
    assert "reference mask" in data["origins"]["given"]


def test_one_group_has_means_and_no_intervals() -> None:
    kinds = [kind("given_box", 0.9, 0.8, 1.0), kind("automatic_network_mask", 0.8, 0.7, 0.9)]
    table = gap_table(kinds, groups=dict.fromkeys(IDS, "a"), seed=0, title="", n_failed=0)
    assert [row.from_network for row in table.rows] == [None, None]
    assert table.rows[0].summary.scores["jaccard"].mean == pytest.approx(0.9)


def test_kinds_on_different_cases_are_not_compared() -> None:
    short = kind("automatic_network_mask", 0.8, 0.7, 0.9)
    cut = KindScores(short.name, short.origin, short.scores[:2], 0)
    with pytest.raises(ValueError, match="1 cases are scored on one side only, first c"):
        gap_table([kind("given_box", 0.9, 0.8, 1.0), cut], groups=GROUPS, seed=0, title="", n_failed=0)
