"""Pictures that a person reads."""

from dermaseg_monai.report.confusion_heat_map import ConfusionHeatMap
from dermaseg_monai.report.contact_sheet import ContactSheet, draw_contact_sheet
from dermaseg_monai.report.leak_page import write_leak_page
from dermaseg_monai.report.outline_panel import draw_outline_panel
from dermaseg_monai.report.palette import NOTICE
from dermaseg_monai.report.panels import Panels
from dermaseg_monai.report.prediction_page import PredictionPage, write_prediction_page
from dermaseg_monai.report.predictions import Predictions, read_run, split_of
from dermaseg_monai.report.problem_page import write_problem_page
from dermaseg_monai.report.ranking import pick

__all__ = [
    "NOTICE",
    "ConfusionHeatMap",
    "ContactSheet",
    "Panels",
    "PredictionPage",
    "Predictions",
    "draw_contact_sheet",
    "draw_outline_panel",
    "pick",
    "read_run",
    "split_of",
    "write_leak_page",
    "write_prediction_page",
    "write_problem_page",
]
