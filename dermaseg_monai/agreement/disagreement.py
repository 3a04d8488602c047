"""Where readers disagree, pixel by pixel."""

import numpy as np
from scipy.special import entr

from dermaseg_monai.agreement.consensus_methods import Share


def vote_entropy(share: Share) -> Share:
    """Return -p·log₂p - (1-p)·log₂(1-p) in bits, in [0, 1]: 0 where all readers agree, 1 at half against half.

    With two readers it is 1 wherever they differ; with three, 0.918.

    Source: Shannon 1948 (10.1002/j.1538-7305.1948.tb01338.x).
    """
    return (entr(share) + entr(1 - share)) / np.log(2)
