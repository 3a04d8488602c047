"""Pictures that are nearly the same: resized, cut, recompressed, recoloured, mirrored or turned copies."""

from dermaseg_monai.manifest.duplicates.case_fingerprints import fingerprint_cases
from dermaseg_monai.manifest.duplicates.fingerprint import Words, fingerprints
from dermaseg_monai.manifest.duplicates.pair_search import NEAR, Fingerprints, NearPair, near_pairs
from dermaseg_monai.manifest.duplicates.turns import TURNS, turned
from dermaseg_monai.manifest.duplicates.windows import CROPS, WHOLE, Window

__all__ = [
    "CROPS",
    "NEAR",
    "TURNS",
    "WHOLE",
    "Fingerprints",
    "NearPair",
    "Window",
    "Words",
    "fingerprint_cases",
    "fingerprints",
    "near_pairs",
    "turned",
]
