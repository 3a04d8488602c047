"""Formats of other programs: what goes out to them and what comes back."""

from dermaseg_monai.exchange.brush import decode_brush, encode_brush
from dermaseg_monai.exchange.label_studio_export import Answer, read_export
from dermaseg_monai.exchange.label_studio_project import LabelStudioProject
from dermaseg_monai.exchange.label_studio_tasks import (
    ADJUDICATION_PAGE,
    READING_PAGE,
    REVIEW_PAGE,
    embedded,
    embedded_picture,
    region,
    task,
)

__all__ = [
    "ADJUDICATION_PAGE",
    "READING_PAGE",
    "REVIEW_PAGE",
    "Answer",
    "LabelStudioProject",
    "decode_brush",
    "embedded",
    "embedded_picture",
    "encode_brush",
    "read_export",
    "region",
    "task",
]
