"""The colours and words that every picture shares."""

from typing import Final

from dermaseg_monai.images import CONSENSUS_RGB, PREDICTION_RGB, REFERENCE_RGB, hex_of

REFERENCE_COLOUR: Final = hex_of(REFERENCE_RGB)
PREDICTION_COLOUR: Final = hex_of(PREDICTION_RGB)
"""Those of `dermaseg_monai.images`, as matplotlib takes them; where both are drawn the prediction is also dashed."""

MISSED_COLOUR: Final = "#0072b2"
EXTRA_COLOUR: Final = "#e69f00"
FOUND_COLOUR: Final = "#f2f2f2"
"""Blue, orange and near-white, laid on grey: apart for colour-blind eyes and, by lightness, on a grey print."""

PROMPT_COLOUR: Final = "#ff5fd2"
"""Pink: what a network was told, and a region in question."""

CONSENSUS_COLOUR: Final = hex_of(CONSENSUS_RGB)
"""White; readers have the colours of `dermaseg_monai.images.reader_palette`."""

MAP_COLOURS: Final = {"boundary": "magma", "uncertainty": "viridis"}
"""Colour maps that rise evenly in lightness."""

INK: Final = "#222222"
FAINT_INK: Final = "#5a5a5a"
PAPER: Final = "white"
INCH_PX: Final = 100

NOTICE: Final = "Supports a clinician's judgement and does not replace it. Not a medical device."
