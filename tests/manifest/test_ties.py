import time
from collections.abc import Callable

from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.manifest.indirect_leaks import find_indirect_leaks
from dermaseg_monai.manifest.ties import Ties, through


def test_the_nearest_cases_are_reached_first_and_the_way_is_told(make_case: Callable[..., Case]) -> None:
    cases = (
        make_case("a", lesion_id="1"),
        make_case("b", "excluded", lesion_id="1", patient_id="2"),
        make_case("c", "val", patient_id="2", attributes={"group": 3}),
        make_case("d", "test", attributes={"group": 3}),
        make_case("alone"),
    )
    ties = Ties([Manifest("set", "1", None, cases)])
    assert [[case_id for _, case_id, _ in group] for group in ties.groups()] == [["a", "b", "c", "d"], ["alone"]]
    start = ("set", "a", "train")
    steps = ties.reached([start])
    assert through(steps, ("set", "d", "test")) == (start, "through b (excluded), c (val)")
    assert steps[start] is None
    assert ties.splits_beside(start) == {"train", "excluded"}


def test_a_large_group_is_looked_at_once(make_case: Callable[..., Case]) -> None:
    def seconds(cases: int) -> float:
        found = [make_case(str(at), "train" if at else "val", attributes={"group": 1}) for at in range(cases)]
        manifest = Manifest("set", "1", None, tuple(found))
        began = time.perf_counter()
        assert find_indirect_leaks(manifest) == []
        return time.perf_counter() - began

    seconds(100)
    # eight times the cases; by pairs it would be 64 times as long
    assert seconds(16_000) < 16 * max(seconds(2_000), 0.05)
