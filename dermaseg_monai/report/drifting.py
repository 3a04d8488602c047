"""Whose hand moved, by the charts of drift.csv."""

import pandas as pd

from dermaseg_monai.agreement.drift import Drift, who_moved


def moved_readers(drift: pd.DataFrame) -> list[str]:
    """Return who moved, by drift.csv as it was read back."""
    out = drift["out"].astype(str).str.lower() == "true"
    return who_moved(Drift(drift.assign(out=out), 0, 0, None, ()).alarms())
