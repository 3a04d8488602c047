"""Put cases into splits so that nothing leaks, the same way on every machine."""

import hashlib
from dataclasses import replace

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.groups import case_groups
from dermaseg_monai.manifest.manifest import Manifest


def split_by_group(manifest: Manifest, *, val_share: float, test_share: float) -> Manifest:
    """Return the manifest with every case but the `excluded` ones in train, val or test.

    Cases that share a lesion, a patient, a `group` or the same picture stay together. Groups come in the order of the
    sha256 of their first id, fill `test_share` of the cases first, then `val_share`; the rest is train. A later version
    of the set with more cases therefore moves few groups.

    Raises:
        DataError: shares outside [0, 1) or 1 and more together, or too few groups for a split that was asked for.
    """
    if min(val_share, test_share) < 0 or val_share + test_share >= 1:
        raise DataError(f"val_share {val_share} and test_share {test_share} must be 0 or more, and below 1 together.")
    cases = [case for case in manifest.cases if case.split != "excluded"]
    groups = sorted(case_groups(cases), key=lambda group: hashlib.sha256(group[0].id.encode()).digest())
    n_test, n_val = test_share * len(cases), val_share * len(cases)
    sides: dict[str, Split] = {}
    filled: dict[Split, int] = {"test": 0, "val": 0, "train": 0}
    for group in groups:
        side: Split = "test" if filled["test"] < n_test else "val" if filled["val"] < n_val else "train"
        filled[side] += len(group)
        sides.update((case.id, side) for case in group)
    if filled["train"] == 0 or (val_share > 0 and filled["val"] == 0):
        raise DataError(
            f"Manifest {manifest.name} has {len(groups)} groups, too few for these shares. Lower the shares."
        )
    return replace(
        manifest, cases=tuple(replace(case, split=sides.get(case.id, case.split)) for case in manifest.cases)
    )
