from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments import generalisation_overlap
from dermaseg_monai.experiments.generalisation_matrix import Matrix, build_matrix
from dermaseg_monai.experiments.generalisation_overlap import find_overlap
from dermaseg_monai.experiments.generalisation_plan import Network
from dermaseg_monai.experiments.generalisation_sets import DataSet
from tests.experiments.small_matrix import fill, make_case, make_network, make_set, two_sets


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generalisation_overlap, "find_near_leaks", lambda _: ([], {}))


@pytest.fixture
def sets(tmp_path: Path) -> list[DataSet]:
    return two_sets(tmp_path)


@pytest.fixture
def networks(sets: list[DataSet], tmp_path: Path) -> list[Network]:
    found = [make_network(own, sets, tmp_path / "runs") for own in sets]
    a, b = sets
    fill(found[0], a, {"a1": 0.9, "a2": 0.8, "a3": 0.7})
    fill(found[0], b, {"b1": 0.5, "b2": 0.4, "b3": 0.9})  # b3 was seen in training
    fill(found[1], b, {"b1": 0.9, "b2": 0.6, "b3": 0.9})
    fill(found[1], a, {"a1": 0.6, "a2": 0.6, "a3": 0.6})
    return found


def matrix_of(networks: list[Network], sets: list[DataSet]) -> Matrix:
    overlaps = {(one.name, other.name): find_overlap(one, other, split="test") for one in sets for other in sets}
    return build_matrix(networks, sets, overlaps, confidence=0.95, draws=200, seed=0)


def test_a_cell_is_the_mean_with_and_without_what_was_seen(networks: list[Network], sets: list[DataSet]) -> None:
    matrix = matrix_of(networks, sets)
    whole, free = (matrix.cell("a", "b", leak_free=leak_free) for leak_free in (False, True))
    assert whole is not None
    assert free is not None
    assert (whole.n, whole.n_groups, free.n, free.n_groups) == (3, 3, 2, 2)
    assert whole.scores["dice"].value == pytest.approx(0.6)
    assert free.scores["dice"].value == pytest.approx(0.45)
    assert free.scores["dice"].low == pytest.approx(0.4)
    assert free.scores["dice"].high == pytest.approx(0.5)
    assert len(matrix.cells) == 8


def test_a_gap_on_the_same_images_is_paired(networks: list[Network], sets: list[DataSet]) -> None:
    gaps = {
        (gap.trained_on, gap.tested_on, gap.leak_free): gap for gap in matrix_of(networks, sets).gaps if gap.same_images
    }
    whole, free = gaps["a", "b", False], gaps["a", "b", True]
    assert whole.differences["dice"].value == pytest.approx((0.4 + 0.2 + 0.0) / 3)
    assert (free.n, free.differences["dice"].value) == (2, pytest.approx(0.3))
    assert free.differences["dice"].low == pytest.approx(0.2)  # 0.4 and 0.2, drawn together
    assert free.differences["dice"].high == pytest.approx(0.4)
    back = gaps["b", "a", True]
    assert (back.n, back.differences["jaccard"].value) == (3, pytest.approx(0.2))


def test_a_gap_of_one_network_is_between_its_two_tests(networks: list[Network], sets: list[DataSet]) -> None:
    (gap,) = [
        gap for gap in matrix_of(networks, sets).gaps if not gap.same_images and gap.leak_free and gap.trained_on == "a"
    ]
    assert gap.differences["dice"].value == pytest.approx(0.8 - 0.45)
    low, high = gap.differences["dice"].low, gap.differences["dice"].high
    assert low is not None
    assert high is not None
    assert 0.2 - 1e-9 <= low < 0.35 < high <= 0.5 + 1e-9


def test_pictures_of_one_lesion_are_drawn_together(tmp_path: Path) -> None:
    sets = two_sets(tmp_path)
    cases = [make_case("c_train", "train"), make_case("c_val", "val")]
    cases += [make_case(f"c{number}", "test", lesion_id="one") for number in (1, 2)]
    both = [sets[0], make_set(tmp_path, "c", cases)]
    networks = [make_network(own, both, tmp_path / "more") for own in both]
    fill(networks[0], both[1], {"c1": 0.2, "c2": 0.4})
    matrix = matrix_of(networks, both)
    cell = matrix.cell("a", "c", leak_free=True)
    assert cell is not None
    assert (cell.n, cell.n_groups) == (2, 1)
    assert (cell.scores["dice"].low, cell.scores["dice"].high) == (None, None)
    assert matrix.gaps == ()  # the other three tests are missing
    assert matrix.cell("c", "a", leak_free=False) is None


def test_where_everything_was_seen_no_leak_free_score_is_made_up(tmp_path: Path) -> None:
    one = make_set(tmp_path, "a", [make_case("x", "train"), make_case("v", "val"), make_case("t", "test")])
    other = make_set(tmp_path, "b", [make_case("x", "test")])
    networks = [make_network(own, [one, other], tmp_path / "runs") for own in (one, other)]
    fill(networks[0], other, {"x": 0.9})
    fill(networks[0], one, {"t": 0.7})
    fill(networks[1], other, {"x": 0.8})
    matrix = matrix_of(networks, [one, other])
    assert matrix.cell("a", "b", leak_free=False) is not None
    assert matrix.cell("a", "b", leak_free=True) is None
    assert [gap for gap in matrix.gaps if gap.leak_free] == []


def test_tables_of_one_set_with_other_cases_are_refused(networks: list[Network], sets: list[DataSet]) -> None:
    fill(networks[0], sets[1], {"b1": 0.5, "b3": 0.9})  # the network of b has b2 too, so no gap is of the same images
    words = r"runs/b/b/cases\.csv and .*runs/a/b/cases\.csv were scored on different images: 1 .* first b2"
    with pytest.raises(DataError, match=words):
        matrix_of(networks, sets)


def test_a_table_of_other_cases_is_refused(networks: list[Network], sets: list[DataSet]) -> None:
    fill(networks[0], sets[0], {"stranger": 0.5})
    with pytest.raises(DataError, match=r"has case 'stranger', which .*a\.json does not hold"):
        matrix_of(networks, sets)
