"""Cross-validation: k manifests, each with another part of the cases in val."""

from collections.abc import Sequence
from dataclasses import replace

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.groups import groups_within
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.ratios import rounded
from dermaseg_monai.manifest.split import placed, require_all_filled
from dermaseg_monai.manifest.strata import strata
from dermaseg_monai.manifest.stratify import deal


def folds(manifest: Manifest, n_folds: int, *, seed: int, stratify: Sequence[str] = ()) -> list[Manifest]:
    """Return `n_folds` manifests; the cases of train and val are in val of one of them and in train of the others.

    `test` and `excluded` stay what they are, so that a held-out test set is in every fold. Groups stay whole, and the
    classes of the attributes in `stratify` have the same share in every fold (see `deal`).

    Raises:
        ConfigError: fewer than two folds.
        DataError: no case in train or val, an attribute that is not there, or fewer groups than folds.
    """
    if n_folds < 2:  # noqa: PLR2004 (the least that leaves a training set)
        raise ConfigError(f"--folds {n_folds}: cross-validation needs at least 2 folds.")
    cases = [case for case in manifest.cases if case.split in ("train", "val")]
    if not cases:
        raise DataError(
            f"Manifest {manifest.name} has no case in train or val, and folds leave test alone. "
            "Put all into train first: dermaseg data index ... --split train."
        )
    groups = groups_within(cases, manifest.cases)
    sizes = rounded([1] * n_folds, len(cases))
    dealt = deal(groups, sizes, classes=strata(cases, stratify), seed=seed)
    require_all_filled(manifest, dealt, len(groups))
    found: list[Manifest] = []
    for number, held_out in enumerate(dealt, start=1):
        ids = {case.id for case in held_out}
        sides: dict[str, Split] = {case.id: "val" if case.id in ids else "train" for case in cases}
        said = _said(number, n_folds, seed, stratify)
        found.append(replace(placed(manifest, sides), division=said))
    return found


def _said(number: int, n_folds: int, seed: int, stratify: Sequence[str]) -> str:
    classes = f", stratified by {', '.join(stratify)}" if stratify else ""
    return f"fold {number} of {n_folds} (val), seed {seed}, whole groups{classes}"
