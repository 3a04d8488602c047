"""Is the model within the range of people? Two agreements on the same images, and the test that may say so."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from dermaseg_monai.agreement.interval import CONFIDENCE, DRAWS
from dermaseg_monai.agreement.pair_summary import SCORES
from dermaseg_monai.metrics.bootstrap import bootstrap_means, percentile_interval
from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.least_groups import LEAST_GROUPS

Verdict = Literal["equivalent", "not worse", "not shown"]

ALPHA: Final = 0.05
"""Of each of the two one-sided tests; their interval has a confidence of 1 - 2 alpha, 90 %."""


@dataclass(frozen=True)
class Compared:
    """One score: mean over images between people, between the model and people, and model minus people.

    Intervals draw groups of images; None where there is one group. For a distance less is better.
    """

    human: float
    human_low: float | None
    human_high: float | None
    model: float
    model_low: float | None
    model_high: float | None
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Ceiling:
    """The model beside people, on the same images with the same measures.

    Attributes:
        scores: by name, those of `SCORES` that the images have; distances are in px of pictures, in mm of volumes.
        like_a_reader: share of images whose model agrees with people at least as far (Dice) as the person does who
            agrees least with the others.
        n_images: images.
        n_groups: patients or lesions, images where neither is known. The bootstrap draws these.
        n_without_prediction: images whose prediction counts as a missed lesion.
        margin_dice: how much less Dice still counts as the same, stated before looking.
        test_low: lower end of the 90 % interval of the difference in Dice, None without one.
        test_high: upper end.
        verdict: `equivalent` (the interval lies within the margin on both sides), `not worse` (its lower end does) or
            `not shown`. Only the first two say `within human range`.
        confidence: of the other intervals.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """

    scores: dict[str, Compared]
    like_a_reader: float
    n_images: int
    n_groups: int
    n_without_prediction: int
    margin_dice: float
    test_low: float | None
    test_high: float | None
    verdict: Verdict
    confidence: float
    draws: int
    seed: int

    @property
    def sentence(self) -> str:
        """One line for a report: both agreements, their difference, and what was shown."""
        one = self.scores["dice"]
        on = f"{self.n_images} images" if self.n_images != 1 else "1 image"
        text = f"Model against people: Dice {bracketed(one.model, one.model_low, one.model_high)}; people against "
        text += f"people on the same {on}: {bracketed(one.human, one.human_low, one.human_high)}; "
        return f"{text}difference {bracketed(one.difference, one.low, one.high, '+.3f')}. {self.verdict_words}"

    @property
    def verdict_words(self) -> str:
        """Say what was shown, by which test and margin."""
        if self.test_low is None or self.test_high is None or self.n_groups < LEAST_GROUPS:
            units = "image or patient" if self.n_groups == 1 else "images or patients"
            return f"Within human range: not shown ({self.n_groups} {units}; the test needs {LEAST_GROUPS})."
        bounds = f"{100 * (1 - 2 * ALPHA):g} % interval of the difference [{self.test_low:+.3f}, {self.test_high:+.3f}]"
        if self.verdict == "equivalent":
            return f"Within human range: equivalent within {self.margin_dice:g} Dice ({bounds})."
        if self.verdict == "not worse":
            return f"Within human range: not worse by {self.margin_dice:g} Dice or more ({bounds})."
        worse = ", worse by more than the margin" if self.test_high <= -self.margin_dice else ""
        return f"Within human range: not shown with a margin of {self.margin_dice:g} Dice ({bounds}{worse})."

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and texts, ready for JSON."""
        return asdict(self) | {"sentence": self.sentence}


def summarise_ceiling(images: pd.DataFrame, *, margin_dice: float, seed: int) -> Ceiling:
    """Average over images and test the difference in Dice by a bootstrap that keeps the two values of an image paired.

    Two one-sided tests at 5 % each: the 90 % percentile interval of mean(model - people) against the margin.

    Args:
        images: `CeilingTable.images`, or some of its rows.
        margin_dice: in (0, 1).
        seed: of the bootstrap.

    Raises:
        ValueError: no image, or a margin that is none.

    Source: Schuirmann 1987 (10.1007/BF01068419), with percentile intervals of the bootstrap.
    """
    if not 0 < margin_dice < 1:
        raise ValueError(f"margin_dice is {margin_dice}, but a difference in Dice lies between 0 and 1; 0.05 is usual.")
    if images.empty:
        raise ValueError("There is no image to compare on.")
    names = [name for name in SCORES if f"human_{name}" in images]
    human = images[[f"human_{name}" for name in names]].to_numpy(dtype=float)
    model = images[[f"model_{name}" for name in names]].to_numpy(dtype=float)
    values = np.concatenate([human, model, model - human], axis=1)
    group = images["group"].where(images["group"].notna(), "image " + images["case_id"].astype(str)).astype(str)
    codes = np.unique(group.to_numpy().astype(str), return_inverse=True)[1]
    n_groups = int(codes.max()) + 1
    k = len(names)
    bounds = tests = [(None, None)] * values.shape[1]
    if n_groups > 1:
        boots = bootstrap_means(values, codes, draws=DRAWS, seed=seed)
        bounds = percentile_interval(boots, confidence=CONFIDENCE)
        tests = percentile_interval(boots, confidence=1 - 2 * ALPHA)
    triples = [(mean, *ends) for mean, ends in zip(values.mean(axis=0).tolist(), bounds, strict=True)]
    scores = {name: Compared(*triples[at], *triples[at + k], *triples[at + 2 * k]) for at, name in enumerate(names)}
    test_low, test_high = tests[2 * k + names.index("dice")]
    return Ceiling(
        scores=scores,
        like_a_reader=float((images["model_dice"] >= images["least_reader_dice"]).mean()),
        n_images=len(images),
        n_groups=n_groups,
        n_without_prediction=int((images["prediction"] != "ok").sum()),
        margin_dice=margin_dice,
        test_low=test_low,
        test_high=test_high,
        verdict=_verdict(test_low, test_high, margin_dice, n_groups),
        confidence=CONFIDENCE,
        draws=DRAWS,
        seed=seed,
    )


def _verdict(low: float | None, high: float | None, margin: float, n_groups: int) -> Verdict:
    if low is None or high is None or n_groups < LEAST_GROUPS or low <= -margin:
        return "not shown"
    return "equivalent" if high < margin else "not worse"
