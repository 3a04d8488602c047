import numpy as np
from monai.inferers.inferer import SimpleInferer

from dermaseg_monai.assurance import Evaluation, Photograph
from dermaseg_monai.engines import FlipInferer, HeadsInferer
from tests.assurance.bench import SQUARE, DarkIsLesion, WithHeads, make_evaluation, picture


def score(evaluation: Evaluation, image: np.ndarray, mask: np.ndarray = SQUARE) -> tuple[float, int]:
    (found,) = evaluation.predict([evaluation.prepared(Photograph("a", image, mask))])
    scored = evaluation.score(found)
    return scored.dice, scored.pred_px


def test_the_network_is_perfect_on_what_it_was_made_for() -> None:
    assert score(make_evaluation(DarkIsLesion()), picture()) == (1.0, 100)


def test_a_missed_lesion_counts_0_and_two_empty_masks_what_the_sheet_says() -> None:
    evaluation, light = make_evaluation(DarkIsLesion()), np.full_like(picture(), 250)
    assert score(evaluation, light) == (0.0, 0)
    assert score(evaluation, light, np.zeros_like(SQUARE)) == (1.0, 0)


def test_heads_and_mirror_images_of_a_sheet_are_used() -> None:
    network = WithHeads()
    evaluation = make_evaluation(network, FlipInferer(HeadsInferer(SimpleInferer())))
    assert score(evaluation, picture()) == (1.0, 100)
    assert network.batches == [1] * 4


def test_a_batch_keeps_its_cases_apart() -> None:
    network = DarkIsLesion()
    evaluation = make_evaluation(network)
    pairs = {"a": picture(), "b": np.full_like(picture(), 10), "c": np.full_like(picture(), 250)}
    found = evaluation.predict([evaluation.prepared(Photograph(name, image, SQUARE)) for name, image in pairs.items()])
    assert [(one.case_id, int(one.pred.sum())) for one in found] == [("a", 100), ("b", 32 * 32), ("c", 0)]
    assert network.batches == [3]


def test_pictures_of_another_size_are_scored_on_their_own_grid() -> None:
    large = np.kron(picture(), np.ones((3, 2, 1), dtype=np.uint8))
    mask = np.kron(SQUARE, np.ones((3, 2), dtype=bool))
    evaluation = make_evaluation(DarkIsLesion())
    (found,) = evaluation.predict([evaluation.prepared(Photograph("a", large, mask))])
    assert found.pred.shape == found.label.shape == (96, 64)
    assert evaluation.score(found).dice > 0.9


def test_the_photograph_stays_as_it_is_and_the_network_in_its_mode() -> None:
    network, image = DarkIsLesion(), picture()
    network.train()
    score(make_evaluation(network), image)
    assert network.training
    assert np.array_equal(image, picture())
