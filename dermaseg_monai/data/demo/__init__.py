"""A synthetic dermoscopy set, drawn on the spot: something to train and test on where no data may be had."""

from dermaseg_monai.data.demo.annotators import ANNOTATORS, Annotator
from dermaseg_monai.data.demo.demo_set import demo_manifest, make_demo, make_panel_demo

__all__ = ["ANNOTATORS", "Annotator", "demo_manifest", "make_demo", "make_panel_demo"]
