"""In what two data sets, and two networks, differ besides what a matrix asks about."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from dermaseg_monai.experiments.generalisation_plan import Network
from dermaseg_monai.experiments.generalisation_sets import DataSet
from dermaseg_monai.manifest import Case, Split
from dermaseg_monai.metrics import read_scores

_NOT_STATED: Final = "not stated"
_SHOWN: Final = 3


@dataclass(frozen=True)
class SetFacts:
    """What is known of a data set.

    Attributes:
        name: of the set.
        digest: of its manifest.
        counts: cases per split.
        sizes: sizes of the tested pictures, width x height in px, the most frequent first.
        licences: licence to the number of tested cases.
        label_style: who or what drew the references, as far as the manifest says.
        lesion_share: first quartile, median and third quartile of the part of the picture that the reference covers,
            over the tested cases; None before anything was tested.
    """

    name: str
    digest: str
    counts: Mapping[str, int]
    sizes: str
    licences: Mapping[str, int]
    label_style: str
    lesion_share: tuple[float, float, float] | None


@dataclass(frozen=True)
class NetworkFacts:
    """What a network is: where its weights are, what made them, at which size it works, and what nobody can check."""

    trained_on: str
    weights: str
    made_of: Mapping[str, str]
    doubts: tuple[str, ...]


def set_facts(one: DataSet, split: Split, tables: Sequence[Path]) -> SetFacts:
    """Return what manifest and, where there is one, a table of scores say of a data set."""
    cases = one.manifest.in_split(split)
    counts = {name: count for name, count in one.manifest.counts.items() if count}
    licences = Counter(case.licence or one.manifest.licence or _NOT_STATED for case in cases)
    found = [table for table in tables if table.is_file()]
    share = _lesion_share(found[0], cases) if found else None
    digest = one.manifest.digest[:12]
    return SetFacts(one.name, digest, counts, _sizes(cases), dict(licences.most_common()), _style(cases), share)


def network_facts(network: Network, metadata: Mapping[str, str]) -> NetworkFacts:
    """Return what weights and their training say of a network.

    Args:
        network: the network.
        metadata: of its weights file; empty where there is none yet.
    """
    doubts = []
    if network.given is not None:
        own = network.trained_on.manifest.digest
        others = [digest[:12] for digest in network.given.trained_on if not own.startswith(digest)]
        if not network.given.trained_on:
            doubts.append("nothing beside the weights says which cases they were trained on")
        elif others:
            doubts.append(
                f"the weights were trained on another manifest (digest {', '.join(others)}), so that cases they have "
                "seen may go unnoticed"
            )
    if _starts_from_elsewhere(network):
        doubts.append("it started from weights of an earlier training, whose cases are not compared")
    made_of = {key: str(metadata[key]) for key in ("network", "encoder", "image_size", "epoch") if key in metadata}
    return NetworkFacts(network.trained_on.name, str(network.weights), made_of, tuple(doubts))


def differences(sets: Sequence[SetFacts], networks: Sequence[NetworkFacts]) -> list[str]:
    """Return sentences: what a gap may come from besides the pictures trained on."""
    found = []
    if len({one.sizes for one in sets}) > 1:
        listed = "; ".join(f"{one.name}: {one.sizes}" for one in sets)
        found.append(f"The pictures have different sizes ({listed}), so that one set shows more detail than the other.")
    if len({frozenset(one.licences) for one in sets}) > 1:
        listed = "; ".join(f"{one.name}: {counted(one.licences)}" for one in sets)
        found.append(f"Licences differ or are not stated ({listed}).")
    unknown = [one.name for one in sets if one.label_style == _NOT_STATED]
    if unknown:
        found.append(
            f"Who or what drew the references of {' and '.join(unknown)} is not stated: part of a gap may be another "
            "way to draw the same border, not a worse network."
        )
    if len({one.label_style for one in sets}) > 1:
        listed = "; ".join(f"{one.name}: {one.label_style}" for one in sets)
        found.append(f"The references were made in different ways ({listed}).")
    shares = [one for one in sets if one.lesion_share is not None]
    if len({_percent(one.lesion_share) for one in shares}) > 1:
        listed = "; ".join(f"{one.name}: {_percent(one.lesion_share)}" for one in shares)
        found.append(f"Lesions cover another part of the picture (median, quartiles): {listed}.")
    trained = {one.name: one.counts.get("train", 0) for one in sets}
    if len(set(trained.values())) > 1:
        found.append(f"The training splits differ in size ({', '.join(f'{n} {name}' for name, n in trained.items())}).")
    for key, words in (("network", "another network"), ("encoder", "another encoder"),
                       ("image_size", "another image size (px)"), ("epoch", "another best epoch")):  # fmt: skip
        values = {one.trained_on: one.made_of[key] for one in networks if key in one.made_of}
        if len(set(values.values())) > 1:
            listed = ", ".join(f"{value} for {name}" for name, value in values.items())
            found.append(f"The networks have {words}: {listed}. A row differs from another by that too.")
    found += [f"The network of {one.trained_on}: {doubt}." for one in networks for doubt in one.doubts]
    return found


def counted(values: Mapping[str, int]) -> str:
    """Write `CC-0 2505, not stated 89`."""
    return ", ".join(f"{name} {count}" for name, count in values.items())


def _sizes(cases: Sequence[Case]) -> str:
    sizes = Counter(tuple(reversed(case.image.grid or ())) for case in cases)
    words = [f"{'x'.join(map(str, size))} px ({count})" if size else _NOT_STATED for size, count in sizes.most_common()]
    more = f" and {len(words) - _SHOWN} other sizes" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


def _style(cases: Sequence[Case]) -> str:
    references = [case.reference for case in cases if case.reference is not None]
    styles = Counter(
        ", ".join(word for word in (one.tool, one.skill, one.annotator) if word) or _NOT_STATED for one in references
    )
    names = [name for name, _ in styles.most_common()]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return "; ".join(names[:_SHOWN]) + more


def _lesion_share(table: Path, cases: Sequence[Case]) -> tuple[float, float, float] | None:
    pixels = {case.id: int(np.prod(case.image.grid)) for case in cases if case.image.grid}
    scores = read_scores(table)
    shares = [score.label_px / pixels[score.case_id] for score in scores if score.case_id in pixels]
    if not shares:
        return None
    low, middle, high = np.quantile(shares, [0.25, 0.5, 0.75]).tolist()
    return low, middle, high


def _percent(share: tuple[float, float, float] | None) -> str:
    assert share is not None, "sets without one are left out"  # noqa: S101
    low, middle, high = (f"{100 * part:.0f}" for part in share)
    return f"{middle} % ({low}-{high} %)"


def _starts_from_elsewhere(network: Network) -> bool:
    config: Mapping[str, Any] = network.run.steps[0].values if network.given is None else network.given.config
    return bool(config.get("initial_weights"))
