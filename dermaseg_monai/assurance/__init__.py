"""Can a result be trusted: on photographs less clean than those of the test, and where there is no reference."""

from dermaseg_monai.assurance.chosen_cases import RULE, choose_cases
from dermaseg_monai.assurance.curve import Curve, Estimate, Point, make_curve
from dermaseg_monai.assurance.dice_bound import DiceBound
from dermaseg_monai.assurance.disturbance import artefact_rng, disturbed
from dermaseg_monai.assurance.evaluation import Evaluation, Prediction
from dermaseg_monai.assurance.ledger import Ledger
from dermaseg_monai.assurance.photograph import Photograph, PhotographReader
from dermaseg_monai.assurance.stress import Step, StressTest, steps_of
from dermaseg_monai.assurance.stress_row import SCORED, UNDISTURBED, StressRow
from dermaseg_monai.assurance.stress_summary import StressSummary, summarise_stress
from dermaseg_monai.assurance.worst import Worst, worst_cases

__all__ = [
    "RULE",
    "SCORED",
    "UNDISTURBED",
    "Curve",
    "DiceBound",
    "Estimate",
    "Evaluation",
    "Ledger",
    "Photograph",
    "PhotographReader",
    "Point",
    "Prediction",
    "Step",
    "StressRow",
    "StressSummary",
    "StressTest",
    "Worst",
    "artefact_rng",
    "choose_cases",
    "disturbed",
    "make_curve",
    "steps_of",
    "summarise_stress",
    "worst_cases",
]
