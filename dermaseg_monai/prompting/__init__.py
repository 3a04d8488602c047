"""SAM and MedSAM with prompts made from the reference, and with prompts that nobody has to give."""

from dermaseg_monai.prompting.automatic import AutomaticBox, AutomaticPrompt, WholeImage
from dermaseg_monai.prompting.boxes import jittered_box, mask_box, whole_box
from dermaseg_monai.prompting.case_progress import CaseProgress
from dermaseg_monai.prompting.classical import classical_mask
from dermaseg_monai.prompting.fit import LongSideFit, SquareFit
from dermaseg_monai.prompting.folders import PromptFolders
from dermaseg_monai.prompting.gap import GapTable, gap_table
from dermaseg_monai.prompting.gap_files import GapFiles
from dermaseg_monai.prompting.given import GivenBox, GivenJitteredBox, GivenPoints, GivenPrompt
from dermaseg_monai.prompting.inferer import PromptInferer
from dermaseg_monai.prompting.labelled_cases import readable_cases
from dermaseg_monai.prompting.mask_scores import MaskScores
from dermaseg_monai.prompting.mask_source import ClassicalMask, MaskSource, NetworkMask
from dermaseg_monai.prompting.points import inner_points
from dermaseg_monai.prompting.prompt import Prompt
from dermaseg_monai.prompting.prompter import Prompter
from dermaseg_monai.prompting.sam import Sam
from dermaseg_monai.prompting.scoring import KindScores, Scoring

__all__ = [
    "AutomaticBox",
    "AutomaticPrompt",
    "CaseProgress",
    "ClassicalMask",
    "GapFiles",
    "GapTable",
    "GivenBox",
    "GivenJitteredBox",
    "GivenPoints",
    "GivenPrompt",
    "KindScores",
    "LongSideFit",
    "MaskScores",
    "MaskSource",
    "NetworkMask",
    "Prompt",
    "PromptFolders",
    "PromptInferer",
    "Prompter",
    "Sam",
    "Scoring",
    "SquareFit",
    "WholeImage",
    "classical_mask",
    "gap_table",
    "inner_points",
    "jittered_box",
    "mask_box",
    "readable_cases",
    "whole_box",
]
