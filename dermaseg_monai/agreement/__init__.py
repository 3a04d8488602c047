"""How far people agree who outline the same lesion; NumPy, SciPy and pandas, no torch."""

from dermaseg_monai.agreement.chance import cohen_kappa, fleiss_kappa
from dermaseg_monai.agreement.explanation import explain_disagreement
from dermaseg_monai.agreement.flags import find_flags
from dermaseg_monai.agreement.folder import readings_of_folder
from dermaseg_monai.agreement.intraclass import Intraclass, intraclass
from dermaseg_monai.agreement.krippendorff import interval_alpha, nominal_alpha
from dermaseg_monai.agreement.measurement import Measured, measure
from dermaseg_monai.agreement.pair_score import score_pairs
from dermaseg_monai.agreement.pair_summary import PairSummary, by_annotators, by_factor, by_image, summarise_pairs
from dermaseg_monai.agreement.pair_table import PAIR_COLUMNS, only_cases, read_pairs, with_attributes
from dermaseg_monai.agreement.reading import ReadCase, Reading, readings_of_case, readings_of_manifest
from dermaseg_monai.agreement.reliability import reliability
from dermaseg_monai.agreement.tolerance import Tolerance, repeat_tolerance
from dermaseg_monai.agreement.votes import Votes

__all__ = [
    "PAIR_COLUMNS",
    "Intraclass",
    "Measured",
    "PairSummary",
    "ReadCase",
    "Reading",
    "Tolerance",
    "Votes",
    "by_annotators",
    "by_factor",
    "by_image",
    "cohen_kappa",
    "explain_disagreement",
    "find_flags",
    "fleiss_kappa",
    "interval_alpha",
    "intraclass",
    "measure",
    "nominal_alpha",
    "only_cases",
    "read_pairs",
    "readings_of_case",
    "readings_of_folder",
    "readings_of_manifest",
    "reliability",
    "repeat_tolerance",
    "score_pairs",
    "summarise_pairs",
    "with_attributes",
]
