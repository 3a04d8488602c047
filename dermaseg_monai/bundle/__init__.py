"""Sheets of values are found, checked and run."""

from dermaseg_monai.bundle.components import build_components
from dermaseg_monai.bundle.fixed_value import require_value
from dermaseg_monai.bundle.hook import install_hook
from dermaseg_monai.bundle.output_folder import evaluation_folder, latest_weights, released_weights, run_folder
from dermaseg_monai.bundle.roots import bundle_root, project_path, project_root, tracking_uri
from dermaseg_monai.bundle.sheet import Sheet, open_sheet, read_sheet

__all__ = [
    "Sheet",
    "build_components",
    "bundle_root",
    "evaluation_folder",
    "install_hook",
    "latest_weights",
    "open_sheet",
    "project_path",
    "project_root",
    "read_sheet",
    "released_weights",
    "require_value",
    "run_folder",
    "tracking_uri",
]
