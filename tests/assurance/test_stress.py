from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.assurance import Ledger, PhotographReader, StressRow, StressTest, steps_of
from dermaseg_monai.data.stressors import Stressor
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Manifest
from tests.assurance.bench import BRIGHTER, COVERED, MOVED, DarkIsLesion, make_evaluation

Dices = dict[tuple[str, int], list[float | None]]


def make_test(
    manifest: Manifest, folder: Path, *stressors: Stressor, network: DarkIsLesion | None = None, plan: str = "one"
) -> StressTest:
    return StressTest(
        cases=manifest.cases,
        read=PhotographReader(folder / "set"),
        evaluation=make_evaluation(network or DarkIsLesion()),
        stressors=stressors,
        ledger=Ledger(folder / "out", {"weights": plan}),
        batch_size=2,
    )


def dices(rows: list[StressRow]) -> Dices:
    found: Dices = {}
    for row in rows:
        found.setdefault((row.stressor, row.step), []).append(None if row.dice is None else round(row.dice, 4))
    return found


def test_steps_begin_undisturbed_and_grow() -> None:
    assert [(step.name, step.number, step.level) for step in steps_of([BRIGHTER])] == [
        ("none", 0, None),
        ("brighter", 1, 20.0),
        ("brighter", 2, 100.0),
    ]


def test_scores_fall_as_can_be_worked_out_by_hand(three: Manifest, tmp_path: Path) -> None:
    network = DarkIsLesion()
    rows = make_test(three, tmp_path, BRIGHTER, COVERED, MOVED, network=network).run()
    assert dices(rows) == {
        ("none", 0): [1.0] * 3,
        ("brighter", 1): [1.0] * 3,
        ("brighter", 2): [0.0] * 3,
        ("covered", 1): [0.8889] * 3,
        ("covered", 2): [0.6667] * 3,
        ("moved", 1): [1.0] * 3,
        ("moved", 2): [1.0] * 3,
    }
    hidden = next(row for row in rows if row.stressor == "covered" and row.step == 2)
    assert (hidden.jaccard, hidden.threshold_jaccard, hidden.pred_px, hidden.label_px) == (0.5, 0.0, 50, 100)
    assert [row.missed for row in rows if row.stressor == "brighter"] == [False] * 3 + [True] * 3
    assert network.batches == [2, 1] * 7


def test_a_stopped_test_goes_on_where_it_was(three: Manifest, tmp_path: Path) -> None:
    network = DarkIsLesion()

    def stop(
        image: np.ndarray, mask: np.ndarray, level: float, _: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        if level == COVERED.levels[1] and not network.batches.count(-1):
            network.batches.append(-1)
            raise KeyboardInterrupt
        return COVERED.change(image, mask, level, _)

    broken = replace(COVERED, change=stop)
    with pytest.raises(KeyboardInterrupt):
        make_test(three, tmp_path, broken, MOVED, network=network).run()
    assert network.batches == [2, 1, 2, 1, -1]
    rows = make_test(three, tmp_path, broken, MOVED, network=network).run()
    assert network.batches == [2, 1, 2, 1, -1] + [2, 1] * 3
    assert rows == make_test(three, tmp_path, COVERED, MOVED).run()
    assert dices(rows)["covered", 2] == [0.6667] * 3


def test_more_stressors_use_what_is_there(three: Manifest, tmp_path: Path) -> None:
    make_test(three, tmp_path, COVERED).run()
    network = DarkIsLesion()
    assert len(make_test(three, tmp_path, COVERED, MOVED, network=network).run()) == 5 * 3
    assert network.batches == [2, 1, 2, 1]


def test_a_level_that_has_changed_is_done_again(three: Manifest, tmp_path: Path) -> None:
    make_test(three, tmp_path, COVERED).run()
    network = DarkIsLesion()
    rows = make_test(three, tmp_path, replace(COVERED, levels=(2.0, 10.0)), network=network).run()
    assert network.batches == [2, 1]
    assert dices(rows)["covered", 2] == [0.0] * 3


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"case_id": "a"}]', "\xff"])
def test_a_damaged_file_of_rows_is_done_again(three: Manifest, tmp_path: Path, content: str) -> None:
    whole = make_test(three, tmp_path, COVERED).run()
    (tmp_path / "out" / "steps" / "covered_1.json").write_bytes(content.encode("latin-1"))
    assert make_test(three, tmp_path, COVERED).run() == whole


def test_a_folder_of_another_test_is_refused(three: Manifest, tmp_path: Path) -> None:
    make_test(three, tmp_path, COVERED)
    with pytest.raises(ConfigError, match=r"holds a stress test with another weights.*--out DIR"):
        make_test(three, tmp_path, COVERED, plan="two")
    (tmp_path / "out" / "plan.json").write_text("{")
    with pytest.raises(DataError, match=r"plan\.json cannot be read"):
        make_test(three, tmp_path, COVERED)


def test_a_bad_picture_costs_nothing_but_itself(three: Manifest, tmp_path: Path) -> None:
    (tmp_path / "set" / "images" / "b.png").write_bytes(b"no picture")
    rows = make_test(three, tmp_path, COVERED).run()
    assert dices(rows)["covered", 1] == [0.8889, None, 0.8889]
    assert "b.png is not an image that can be read" in rows[1].reason
    assert [row.case_id for row in rows[:3]] == ["a", "b", "c"]


def test_a_picture_that_was_away_is_tried_again_and_nothing_else(three: Manifest, tmp_path: Path) -> None:
    there, away = tmp_path / "set" / "images" / "b.png", tmp_path / "b.png"
    there.rename(away)
    before, network = make_test(three, tmp_path, COVERED).run(), DarkIsLesion()
    away.rename(there)
    rows = make_test(three, tmp_path, COVERED, network=network).run()
    assert [row.ok for row in before] == [True, False, True] * 3
    assert network.batches == [1, 1, 1]
    assert [row.case_id for row in rows] == ["a", "b", "c"] * 3
    assert all(row.ok for row in rows)


def test_a_stressor_that_refuses_a_case_is_a_row_with_the_reason(three: Manifest, tmp_path: Path) -> None:
    def refuse(image: np.ndarray, mask: np.ndarray, _: float, __: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        if image[0, 0, 0] == 201:  # case b
            raise ValueError("too\nsmall")
        return image, mask

    rows = make_test(three, tmp_path, replace(COVERED, change=refuse)).run()
    assert [row.reason for row in rows if row.stressor == "covered"] == ["", "too small", ""] * 2


def test_when_nothing_can_be_read_it_says_so(three: Manifest, tmp_path: Path) -> None:
    away = (tmp_path / "set" / "images").rename(tmp_path / "away")
    with pytest.raises(DataError, match=r"None of the 3 cases can be used\. First: a: .*does not exist.*--dataset-dir"):
        make_test(three, tmp_path, COVERED).run()
    away.rename(tmp_path / "set" / "images")
    assert all(row.ok for row in make_test(three, tmp_path, COVERED).run())  # and does not stay so
