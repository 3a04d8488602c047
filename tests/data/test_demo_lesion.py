import numpy as np
import pytest

from dermaseg_monai.data.demo.annotators import ANNOTATORS, Annotator
from dermaseg_monai.data.demo.diagnosis import DIAGNOSES
from dermaseg_monai.data.demo.lesion import grow_tissue, paint
from dermaseg_monai.data.demo.outline import count_parts, draw_extent, signed_distance
from dermaseg_monai.data.demo.photograph import _beside

SHAPE = (192, 256)


@pytest.fixture
def steady() -> Annotator:
    return Annotator("steady", "brush", "expert", margin_px=0.0, wobble_px=0.0, wobble_cell_px=20.0, rounding_px=0.0)


def test_signed_distance_of_a_square() -> None:
    mask = np.zeros((7, 7), bool)
    mask[2:5, 2:5] = True
    assert signed_distance(mask)[3].tolist() == [-1.5, -0.5, 0.5, 1.5, 0.5, -0.5, -1.5]


@pytest.mark.parametrize("full", [True, False])
def test_signed_distance_of_all_or_nothing_has_one_sign(full: bool) -> None:  # noqa: FBT001
    distance_px = signed_distance(np.full((4, 6), full))
    assert (distance_px > 0).all() == full
    assert (distance_px < 0).all() != full


@pytest.mark.parametrize("name", DIAGNOSES)
def test_every_kind_of_lesion_darkens_or_reddens_the_skin(name: str) -> None:
    rng = np.random.default_rng(4)
    extent = draw_extent(SHAPE, rng, centre_px=(96.0, 128.0), radius_px=45.0, jaggedness=0.1, satellites=0)
    tissue = grow_tissue(extent, rng, DIAGNOSES[name], ita_deg=45.0)  # pyright: ignore[reportArgumentType]
    skin = np.full((*SHAPE, 3), 0.5, np.float32)
    green = paint(skin, tissue)[..., 1]
    depth_px = signed_distance(tissue.extent)
    assert np.median(green[depth_px > 5]) < 0.85 * np.median(green[depth_px < -12])
    np.testing.assert_allclose(green[depth_px < -20], green[0, 0], atol=0.01)


def test_an_outline_is_one_part_near_its_radius_and_satellites_stand_apart() -> None:
    rng = np.random.default_rng(1)
    extent = draw_extent(SHAPE, rng, centre_px=(96.0, 128.0), radius_px=40.0, jaggedness=0.1, satellites=2)
    assert count_parts(extent.main) == 1
    assert np.sqrt(extent.main.sum() / np.pi) == pytest.approx(40, rel=0.25)
    assert count_parts(extent.whole) == 1 + extent.satellites == 3


def test_a_steady_annotator_returns_the_lesion(steady: Annotator) -> None:
    extent = draw_extent(
        SHAPE, np.random.default_rng(0), centre_px=(96.0, 128.0), radius_px=40.0, jaggedness=0.1, satellites=0
    )
    distance_px = signed_distance(extent.whole)
    outline = steady.outline(distance_px, distance_px, np.zeros(SHAPE, np.float32), np.random.default_rng(0))
    np.testing.assert_array_equal(outline, extent.whole)


def test_missed_satellites_are_missing_and_hair_that_leaves_the_lesion_is_included() -> None:
    whole, main = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    main[20:40, 20:40] = True
    whole[20:40, 20:40] = whole[4:8, 4:8] = True
    hair = np.zeros((64, 64), np.float32)
    hair[30, 30:45] = 1  # leaves the lesion
    hair[16, 20:40] = 1  # passes near it
    careless = Annotator("x", "brush", "novice", 0.0, 0.0, 20.0, 0.0, misses_satellites=1.0, includes_hair=1.0)
    rng = np.random.default_rng(0)
    outline = careless.outline(signed_distance(whole), signed_distance(main), hair, rng)
    scale_reach_px = 9 * 64 / 192
    assert not outline[4:8, 4:8].any()
    assert outline[30, 40 : 40 + int(scale_reach_px)].all()
    assert not outline[16].any()


def test_no_annotator_ever_returns_an_empty_mask_of_a_lesion() -> None:
    dot = np.zeros(SHAPE, bool)
    dot[50, 50] = True
    distance_px = signed_distance(dot)
    for one in ANNOTATORS:
        for seed in range(10):
            outline = one.outline(distance_px, distance_px, np.zeros(SHAPE, np.float32), np.random.default_rng(seed))
            assert outline.any()


def test_things_are_laid_where_they_hide_least_of_the_lesion() -> None:
    lesion = np.zeros((30, 30), bool)
    lesion[:, :20] = True
    grey = np.full((30, 30, 3), 0.5, np.float32)

    def column(rgb: np.ndarray, rng: np.random.Generator, *, strength: float) -> np.ndarray:
        spoilt = rgb.copy()
        spoilt[:, int(rng.integers(30))] = 1 - strength
        return spoilt

    hidden = 0
    for seed in range(60):
        spoilt = _beside(lesion, column, grey, np.random.default_rng(seed), strength=1.0)
        hidden += bool((spoilt != grey).any(axis=2)[lesion].any())
    assert hidden < 30  # by chance alone 40 of 60; of three tries (2/3)³ = 18
