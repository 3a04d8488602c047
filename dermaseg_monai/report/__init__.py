"""Pictures that a person reads."""

from dermaseg_monai.report.panels import Panels

__all__ = ["Panels"]
