import hashlib
from collections import Counter
from collections.abc import Callable

import pytest

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import NAMED_SPLITS, Case, Manifest, divided, find_leaks, split_by_name
from dermaseg_monai.manifest.id_lists import shipped_list

CaseMaker = Callable[..., Case]


def draw(manifest: Manifest, name: str, *, scale: bool = False, stratify: tuple[str, ...] = ()) -> Manifest:
    return split_by_name(manifest, name, parts=None, seed=0, stratify=stratify, scale=scale)


@pytest.fixture
def ph2(make_case: CaseMaker) -> Manifest:
    """The 200 ids of PH2, two images to a lesion, which is invented."""
    ids = sorted(shipped_list("ph2"))
    cases = tuple(make_case(name, "test", lesion_id=f"L{row // 2}") for row, name in enumerate(ids))
    return Manifest("ph2", "1", None, cases)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("khan_isic2018", {"train": 1886, "test": 808}),
        ("khan_isic2017", {"train": 1500, "test": 650}),
        ("khan_ham10000", {"train": 7010, "test": 3005}),
        ("khan_ph2", {"train": 140, "test": 60}),
        ("ham10000_8016_1999", {"train": 8016, "val": 1999}),
    ],
)
def test_published_sizes_are_those_of_the_images_they_divide(name: str, sizes: dict[str, int]) -> None:
    known = NAMED_SPLITS[name]
    assert known.sizes == NAMED_SPLITS[f"{name}_grouped"].sizes == sizes
    pool = [case_id for case_id, split in shipped_list(known.dataset).items() if split in known.pool]
    assert len(pool) == sum(sizes.values())


@pytest.mark.parametrize("name", [name for name, known in NAMED_SPLITS.items() if not known.grouped])
def test_the_shipped_list_of_a_published_split_is_the_draw_of_seed_0(name: str) -> None:
    known = NAMED_SPLITS[name]
    ids = [case_id for case_id, split in shipped_list(known.dataset).items() if split in known.pool]
    order = sorted(ids, key=lambda case_id: hashlib.sha256(f"0:{case_id}".encode()).digest())
    places = [split for split, size in known.sizes.items() for _ in range(size)]
    assert shipped_list(name) == dict(zip(order, places, strict=True))


@pytest.mark.parametrize("name", ["ham10000_8016_1999", "khan_ham10000"])
def test_the_shipped_list_of_a_grouped_split_has_the_same_images_and_sizes(name: str) -> None:
    listed = shipped_list(f"{name}_grouped")
    assert Counter(listed.values()) == NAMED_SPLITS[name].sizes
    assert set(listed) == set(shipped_list("ham10000"))


def test_a_published_split_of_a_manifest_is_the_shipped_list(ph2: Manifest) -> None:
    assert {case.id: case.split for case in draw(ph2, "khan_ph2").cases} == shipped_list("khan_ph2")


def test_a_published_split_is_drawn_by_image_and_divides_lesions(ph2: Manifest) -> None:
    made = draw(ph2, "khan_ph2")
    assert made.counts == {"train": 140, "val": 0, "test": 60, "excluded": 0}
    found = divided(made)
    assert found is not None
    assert found.images == 2 * found.groups
    assert found.held_out == found.groups


def test_the_grouped_variant_beside_it_divides_none(ph2: Manifest) -> None:
    made = draw(ph2, "khan_ph2_grouped")
    assert made.counts == {"train": 140, "val": 0, "test": 60, "excluded": 0}
    assert find_leaks(made) == []


def test_parts_say_where_the_images_go(ph2: Manifest) -> None:
    made = split_by_name(ph2, "khan_ph2", parts=["train", "val"], seed=0, stratify=(), scale=False)
    assert made.counts == {"train": 140, "val": 60, "test": 0, "excluded": 0}
    with pytest.raises(ConfigError, match="khan_ph2 has 2 parts"):
        split_by_name(ph2, "khan_ph2", parts=["train", "val", "test"], seed=0, stratify=(), scale=False)


def test_other_numbers_than_the_published_are_refused_unless_scaled(ph2: Manifest) -> None:
    half = Manifest("half", "1", None, ph2.cases[:100])
    with pytest.raises(DataError, match=r"divides 200 images into 140/60; half has 100 .*test 100 of 200.*--scale"):
        draw(half, "khan_ph2")
    assert draw(half, "khan_ph2", scale=True).counts == {"train": 70, "val": 0, "test": 30, "excluded": 0}


def test_images_that_the_paper_does_not_divide_are_excluded(make_case: CaseMaker) -> None:
    ids = {
        split: [name for name, held in shipped_list("isic2018").items() if held == split] for split in ("val", "test")
    }
    cases = [make_case(name, "val") for name in ids["val"]] + [make_case(name, "test") for name in ids["test"][:9]]
    made = draw(Manifest("m", "1", None, tuple(cases)), "khan_isic2018", scale=True)
    assert made.counts == {"train": 70, "val": 0, "test": 30, "excluded": 9}


def test_a_draw_by_image_has_no_strata_and_an_unknown_name_offers_the_nearest(ph2: Manifest) -> None:
    with pytest.raises(ConfigError, match="Use khan_ph2_grouped with --stratify"):
        draw(ph2, "khan_ph2", stratify=("dx",))
    with pytest.raises(ConfigError, match=r"no split named 'khan_isic18'. Did you mean khan_isic201[78]\?"):
        draw(ph2, "khan_isic18")
