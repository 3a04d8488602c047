from dataclasses import replace
from pathlib import Path

import pytest

from dermaseg_monai.experiments.generalisation_differences import (
    NetworkFacts,
    SetFacts,
    differences,
    network_facts,
    set_facts,
)
from dermaseg_monai.experiments.generalisation_plan import GivenWeights
from dermaseg_monai.manifest import Annotation, FileRecord
from tests.experiments.small_matrix import make_case, make_network, make_set, two_sets


def facts(name: str, sizes: str = "200x100 px (3)", licence: str = "CC-0", style: str = "expert") -> SetFacts:
    return SetFacts(name, "d" * 12, {"train": 5}, sizes, {licence: 3}, style, (0.1, 0.2, 0.3))


def test_sets_that_are_alike_differ_in_nothing() -> None:
    assert differences([facts("a"), facts("b")], []) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (facts("b", sizes="320x320 px (9)"), "different sizes (a: 200x100 px (3); b: 320x320 px (9))"),
        (facts("b", licence="not stated"), "Licences differ or are not stated (a: CC-0 3; b: not stated 3)"),
        (facts("b", style="not stated"), "Who or what drew the references of b is not stated"),
        (facts("b", style="flood fill"), "made in different ways (a: expert; b: flood fill)"),
        (replace(facts("b"), counts={"train": 7}), "differ in size (5 a, 7 b)"),
        (
            replace(facts("b"), lesion_share=(0.2, 0.5, 0.6)),
            "(median, quartiles): a: 20 % (10-30 %); b: 50 % (20-60 %)",
        ),
    ],
)
def test_what_differs_is_said(other: SetFacts, said: str) -> None:
    assert said in " ".join(differences([facts("a"), other], []))


def test_networks_of_another_size_or_length_are_named() -> None:
    networks = [
        NetworkFacts("a", "a.safetensors", {"image_size": "192", "epoch": "23", "encoder": "resnet18"}, ()),
        NetworkFacts("b", "b.safetensors", {"image_size": "160", "epoch": "3", "encoder": "resnet18"}, ("no idea",)),
    ]
    found = differences([], networks)
    assert found[0].startswith("The networks have another image size (px): 192 for a, 160 for b.")
    assert "best epoch" in found[1]
    assert found[-1] == "The network of b: no idea."
    assert len(found) == 3


def test_a_set_says_what_its_manifest_says(tmp_path: Path) -> None:
    drawn = Annotation(FileRecord("m.png", "0" * 64), tool="polygon", skill="expert")
    cases = [
        replace(make_case("x", "test", licence="CC-0"), annotations=(drawn,)),
        replace(make_case("y", "test"), annotations=(drawn,), image=FileRecord("y.jpg", "1" * 64, size_px=(30, 40))),
        make_case("z", "train"),
    ]
    found = set_facts(make_set(tmp_path, "a", cases), "test", [])
    assert found.sizes == "20x10 px (1), 40x30 px (1)"  # width x height
    assert found.licences == {"CC-0": 1, "not stated": 1}
    assert found.label_style == "polygon, expert"
    assert found.counts == {"train": 1, "test": 2}
    assert found.lesion_share is None


@pytest.mark.parametrize(
    ("trained_on", "said"),
    [((), "nothing beside the weights says"), (("OWN", "e" * 16), "another manifest (digest eeeeeeeeeeee)")],
)
def test_weights_of_unknown_origin_are_named(tmp_path: Path, trained_on: tuple[str, ...], said: str) -> None:
    sets = two_sets(tmp_path)
    network = make_network(sets[0], sets, tmp_path / "runs")
    own = sets[0].manifest.digest
    digests = tuple(own[:16] if digest == "OWN" else digest for digest in trained_on)
    given = GivenWeights(tmp_path / "w", tmp_path, {"initial_weights": "first.safetensors"}, digests)
    doubts = network_facts(replace(network, given=given), {}).doubts
    assert said in doubts[0]
    assert "weights of an earlier training" in doubts[1]
    known = GivenWeights(tmp_path / "w", tmp_path, {}, (own[:16],))
    assert network_facts(replace(network, given=known), {}).doubts == ()
