"""How far people agree who outline the same lesion; NumPy, SciPy and pandas, no torch."""

from dermaseg_monai.agreement.flags import find_flags
from dermaseg_monai.agreement.folder import readings_of_folder
from dermaseg_monai.agreement.measurement import Measured, measure
from dermaseg_monai.agreement.pair_score import score_pairs
from dermaseg_monai.agreement.pair_summary import PairSummary, by_annotators, by_factor, by_image, summarise_pairs
from dermaseg_monai.agreement.pair_table import PAIR_COLUMNS, only_cases, read_pairs, with_attributes
from dermaseg_monai.agreement.reading import ReadCase, Reading, readings_of_manifest

__all__ = [
    "PAIR_COLUMNS",
    "Measured",
    "PairSummary",
    "ReadCase",
    "Reading",
    "by_annotators",
    "by_factor",
    "by_image",
    "find_flags",
    "measure",
    "only_cases",
    "read_pairs",
    "readings_of_folder",
    "readings_of_manifest",
    "score_pairs",
    "summarise_pairs",
    "with_attributes",
]
