"""What a data set looks like: sizes, lesions, colours, skin tones, artefacts; and how far data sets are apart."""

from dermaseg_monai.manifest.description.comparison import (
    Comparison,
    Distance,
    compare_sets,
    compare_sources,
    compare_splits,
)
from dermaseg_monai.manifest.description.features import FEATURES, Feature
from dermaseg_monai.manifest.description.novelty import Novelty
from dermaseg_monai.manifest.description.row import Row
from dermaseg_monai.manifest.description.summary import features_of, summarise
from dermaseg_monai.manifest.description.table import Described, describe, write_table

__all__ = [
    "FEATURES",
    "Comparison",
    "Described",
    "Distance",
    "Feature",
    "Novelty",
    "Row",
    "compare_sets",
    "compare_sources",
    "compare_splits",
    "describe",
    "features_of",
    "summarise",
    "write_table",
]
