from itertools import combinations

import numpy as np
import pytest

from dermaseg_monai.images import (
    CONSENSUS_RGB,
    PREDICTION_RGB,
    READER_RGB,
    REFERENCE_RGB,
    hex_of,
    reader_colours,
    to_displayed,
    to_lab,
    to_linear,
)

PINK = (255, 95, 210)  # a region in question
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}  # Machado, Oliveira and Fernandes 2009, 10.1109/TVCG.2009.113, severity 1


def test_colours_follow_the_names_of_the_whole_study_and_begin_again_after_the_last() -> None:
    names = [f"r{at}" for at in range(7)]
    found = reader_colours(reversed(names))
    assert [found[name] for name in names] == [*READER_RGB, READER_RGB[0]]


def test_a_reference_among_the_readers_is_cyan_and_takes_nobodys_colour() -> None:
    assert reader_colours(["zoe", "reference"]) == {"reference": REFERENCE_RGB, "zoe": READER_RGB[0]}


def test_a_colour_is_written_as_html_takes_it() -> None:
    assert hex_of((0, 213, 255)) == "#00d5ff"


@pytest.mark.parametrize("eye", EYES)
def test_readers_are_apart_from_each_other_and_from_what_has_a_meaning(eye: str) -> None:
    shown = [*READER_RGB, REFERENCE_RGB, PREDICTION_RGB, PINK, CONSENSUS_RGB]
    light = to_linear(np.array(shown, dtype=np.float32) / 255) @ np.array(EYES[eye], dtype=np.float32).T
    lab = to_lab(to_displayed(light.astype(np.float32)))
    pairs = [(one, other) for one, other in combinations(range(len(shown)), 2) if one < len(READER_RGB)]
    assert min(np.linalg.norm(lab[one] - lab[other]) for one, other in pairs) > 20
