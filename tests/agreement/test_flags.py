import numpy as np
import pandas as pd

from dermaseg_monai.agreement import ReadCase, Reading, find_flags, measure
from dermaseg_monai.images import write_mask
from tests.agreement.conftest import Write


def flags_of(cases: list[ReadCase]) -> set[tuple[str, str, str]]:
    found = measure(cases, tolerance_px=2.0, both_empty=1.0)
    table = find_flags(found.pairs, found.masks, below_dice=0.7)
    return set(zip(table["case_id"], table["flag"], table["annotators"], strict=True))


def test_each_flag_is_raised_where_it_belongs_and_nowhere_else(write: Write) -> None:
    lesion = (slice(10, 30), slice(10, 40))
    same = write("same.png", *lesion)
    odd = np.zeros((40, 60), dtype=bool)
    odd[5:25, 5:25] = True
    odd[10:12, 10:12] = False
    odd[35:38, 50:55] = True
    path = same.with_name("odd.png")
    write_mask(path, odd)
    cases = [
        ReadCase("fine", (Reading("a", same), Reading("b", write("near.png", slice(11, 30), slice(10, 40))))),
        ReadCase("copied", (Reading("a", same), Reading("b", write("copy.png", *lesion)))),
        ReadCase("twice", (Reading("a", same), Reading("a", same))),
        ReadCase("empty", (Reading("a", same), Reading("b", write("empty.png")))),
        ReadCase("apart", (Reading("a", same), Reading("b", write("apart.png", slice(0, 8), slice(45, 60))))),
        ReadCase("odd", (Reading("a", path), Reading("b", write("full.png", slice(0, 40))))),
        ReadCase("tiny", (Reading("a", same), Reading("b", write("tiny.png", slice(12, 13), slice(12, 14))))),
    ]
    assert flags_of(cases) == {
        ("copied", "copied", "a, b"),
        ("empty", "empty", "b"),
        ("empty", "low agreement", "a, b"),
        ("apart", "no overlap", "a, b"),
        ("apart", "border", "b"),
        ("odd", "fragments", "a"),
        ("odd", "holes", "a"),
        ("odd", "full", "b"),
        ("odd", "border", "b"),
        ("odd", "low agreement", "a, b"),
        ("tiny", "tiny", "b"),
        ("tiny", "low agreement", "a, b"),
    } | {
        (case, "copied", "a") for case in ("fine", "twice", "empty", "apart", "tiny")
    }  # same.png stands in all of them


def test_tiny_and_full_begin_where_the_check_of_files_says_so(write: Write) -> None:
    almost = np.ones((40, 60), dtype=bool)  # 2400 px, of which 12 are half a per cent and 2376 are 99 %
    almost[0, :24] = False
    drawn = {
        "tiny": write("11.png", slice(10, 11), slice(10, 21)),
        "small": write("12.png", slice(10, 11), slice(10, 22)),
        "large": write("2340.png", slice(0, 39)),
        "full": write("2376.png"),
    }
    write_mask(drawn["full"], almost)
    found = flags_of([ReadCase(name, (Reading("a", path),)) for name, path in drawn.items()])
    assert {(case, flag) for case, flag, _ in found if flag != "border"} == {("tiny", "tiny"), ("full", "full")}


def test_pairs_that_were_computed_elsewhere_have_no_masks() -> None:
    pairs = pd.DataFrame({"case_id": ["x"], "annotator_a": ["a"], "annotator_b": ["b"], "dice": [0.5]})
    assert list(find_flags(pairs, pd.DataFrame(), below_dice=0.7)["flag"]) == ["low agreement"]
    assert list(find_flags(pairs.assign(dice=0.0), pd.DataFrame(), below_dice=0.7)["flag"]) == ["no overlap"]
