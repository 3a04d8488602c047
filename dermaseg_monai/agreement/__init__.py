"""How far people agree who outline the same lesion; NumPy, SciPy and pandas, no torch."""

from dermaseg_monai.agreement.annotator_weights import against_others, pooled_weights, read_weights
from dermaseg_monai.agreement.ceiling import Ceiling, Compared, summarise_ceiling
from dermaseg_monai.agreement.ceiling_rows import CeilingTable, ceiling_table
from dermaseg_monai.agreement.chance import cohen_kappa, fleiss_kappa
from dermaseg_monai.agreement.consensus_folder import ConsensusFolder, write_consensus
from dermaseg_monai.agreement.consensus_methods import above_half, majority, soft_mean, weighted_mean
from dermaseg_monai.agreement.consensus_rule import ConsensusRule, consensus
from dermaseg_monai.agreement.disagreement import vote_entropy
from dermaseg_monai.agreement.explanation import explain_disagreement
from dermaseg_monai.agreement.flags import find_flags
from dermaseg_monai.agreement.folder import readings_of_folder
from dermaseg_monai.agreement.human_ceiling import HumanCeiling
from dermaseg_monai.agreement.intraclass_correlation import Intraclass, intraclass
from dermaseg_monai.agreement.krippendorff import interval_alpha, nominal_alpha
from dermaseg_monai.agreement.measurement import Measured, measure
from dermaseg_monai.agreement.pair_score import score_pairs
from dermaseg_monai.agreement.pair_summary import PairSummary, by_annotators, by_factor, by_image, summarise_pairs
from dermaseg_monai.agreement.pair_table import PAIR_COLUMNS, only_cases, read_pairs, with_attributes
from dermaseg_monai.agreement.reader_files import ReaderTables, reader_tables
from dermaseg_monai.agreement.reading import ReadCase, Reading, readings_of_case, readings_of_manifest
from dermaseg_monai.agreement.reliability_table import reliability
from dermaseg_monai.agreement.shape_mean import shape_average
from dermaseg_monai.agreement.staple_consensus import Staple, staple
from dermaseg_monai.agreement.tied_vote import TiedVoteError
from dermaseg_monai.agreement.tolerance import Tolerance, repeat_tolerance
from dermaseg_monai.agreement.votes import Votes

__all__ = [
    "PAIR_COLUMNS",
    "Ceiling",
    "CeilingTable",
    "Compared",
    "ConsensusFolder",
    "ConsensusRule",
    "HumanCeiling",
    "Intraclass",
    "Measured",
    "PairSummary",
    "ReadCase",
    "ReaderTables",
    "Reading",
    "Staple",
    "TiedVoteError",
    "Tolerance",
    "Votes",
    "above_half",
    "against_others",
    "by_annotators",
    "by_factor",
    "by_image",
    "ceiling_table",
    "cohen_kappa",
    "consensus",
    "explain_disagreement",
    "find_flags",
    "fleiss_kappa",
    "interval_alpha",
    "intraclass",
    "majority",
    "measure",
    "nominal_alpha",
    "only_cases",
    "pooled_weights",
    "read_pairs",
    "read_weights",
    "reader_tables",
    "readings_of_case",
    "readings_of_folder",
    "readings_of_manifest",
    "reliability",
    "repeat_tolerance",
    "score_pairs",
    "shape_average",
    "soft_mean",
    "staple",
    "summarise_ceiling",
    "summarise_pairs",
    "vote_entropy",
    "weighted_mean",
    "with_attributes",
    "write_consensus",
]
