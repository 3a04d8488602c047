from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement import ReadCase, Reading, measure, measurement
from tests.agreement.conftest import Write

BIG, LEFT, RIGHT = (slice(10, 30), slice(10, 50)), (slice(10, 30), slice(10, 30)), (slice(10, 30), slice(30, 50))


def measured(cases: list[ReadCase], workers: int | None = None):  # noqa: ANN201
    return measure(cases, tolerance_px=2.0, both_empty=1.0, workers=workers)


def test_every_pair_of_every_case_stands_once_with_the_names_in_order(write: Write) -> None:
    readings = (
        Reading("zoe", write("a_z.png", *BIG), "brush", "expert"),
        Reading("abe", write("a_a.png", *LEFT), "polygon", "novice"),
        Reading("mia", write("a_m.png", *RIGHT)),
    )
    found = measured([ReadCase("a", readings, group="P1"), ReadCase("b", readings[:1])]).pairs
    assert list(zip(found["annotator_a"], found["annotator_b"], strict=True)) == [
        ("abe", "zoe"), ("mia", "zoe"), ("abe", "mia"),
    ]  # fmt: skip
    row = found.iloc[0]
    assert (row["tool_a"], row["tool_b"], row["skill_a"], row["skill_b"]) == ("polygon", "brush", "novice", "expert")
    assert (row["area_a_px"], row["area_b_px"], row["group"]) == (400, 800, "P1")
    assert row["dice"] == pytest.approx(2 * 400 / 1200)
    assert found.iloc[2]["dice"] == 0


def test_one_bad_outline_is_named_and_costs_its_own_pairs_only(write: Write) -> None:
    good, other = write("good.png", *BIG), write("other.png", *LEFT)
    broken = good.with_name("broken.png")
    broken.write_bytes(good.read_bytes()[:40])
    small = write("small.png", *LEFT, shape=(40, 59))
    names = {"a": good, "b": broken, "c": small, "d": other}
    found = measured([ReadCase("case", tuple(Reading(name, path) for name, path in names.items()))])
    assert list(found.pairs["annotator_b"]) == ["d"]
    assert len(found.failures) == 2
    assert found.failures[0].startswith("case, b: ")
    assert "the mask of c is 40 x 59, that of a 40 x 60" in found.failures[1]


def test_several_processes_find_what_one_finds(write: Write) -> None:
    rng = np.random.default_rng(0)
    cases = []
    for number in range(130):
        top, left = rng.integers(0, 15, 2)
        one = write(f"{number}_a.png", slice(top, top + 10), slice(left, left + 10))
        other = write(f"{number}_b.png", slice(top, top + 12), slice(left + 1, left + 11))
        cases.append(ReadCase(f"c{number:03d}", (Reading("a", one), Reading("b", other))))
    pd.testing.assert_frame_equal(measured(cases, workers=2).pairs, measured(cases, workers=1).pairs)


def test_a_case_that_kills_its_process_is_a_failure_and_the_others_are_measured(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies_over_b(work: Callable[[ReadCase], Any], cases: Sequence[ReadCase], **_: object) -> list[Any]:
        return [None if case.id == "b" else work(case) for case in cases]

    monkeypatch.setattr(measurement, "results_of", dies_over_b)
    readings = Reading("a", write("a.png", *BIG)), Reading("b", write("b.png", *LEFT))
    found = measured([ReadCase(name, readings) for name in "abc"])
    assert list(found.pairs["case_id"]) == ["a", "c"]
    assert found.failures == (
        "b: its process died: memory ran out, or a file crashes its decoder, so it takes no part",
    )


def test_facts_of_a_mask(write: Write) -> None:
    path = write("ring.png", slice(5, 25), slice(5, 25))
    facts = measured([ReadCase("a", (Reading("a", path), Reading("b", path)))]).masks.iloc[0]
    assert (facts["area_px"], facts["regions"], facts["holes"], facts["touches_border"]) == (400, 1, 0, False)
    assert facts["diameter_px"] == pytest.approx(2 * np.sqrt(400 / np.pi))
