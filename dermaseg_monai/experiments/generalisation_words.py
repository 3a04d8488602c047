"""What a matrix of data sets says in words: the page, and the summary in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Final

from dermaseg_monai import __version__
from dermaseg_monai.experiments.generalisation_matrix import Bounded, Gap
from dermaseg_monai.experiments.generalisation_result import Result
from dermaseg_monai.experiments.generalisation_tables import (
    gap_table,
    matrices,
    matrix_table,
    network_table,
    overlap_table,
    set_table,
    signed,
)
from dermaseg_monai.metrics.least_groups import LEAST_GROUPS
from dermaseg_monai.report.generalisation_page import GeneralisationPage
from dermaseg_monai.report.palette import NOTICE

_SAME_IMAGES: Final = "Gap on the same images"
_OTHER_IMAGES: Final = "Gap of the same network"
_GAP_WORDS: Final[Mapping[str, str]] = {
    _SAME_IMAGES: (
        "On the images of the set tested on: the network that was trained on that set minus the one that was trained "
        "elsewhere. Both see the same images, so how hard they are plays no part. Above 0: training elsewhere costs."
    ),
    _OTHER_IMAGES: (
        "One network: its score on its own set minus its score on the other set. The images differ, so that this also "
        "holds how hard each set is and how its references were drawn."
    ),
}
_OVERLAP_WORDS: Final = (
    (
        "A tested case is left out of the leak-free score where its id, file, lesion, patient or picture stands in "
        "train or val of the set trained on, or where it is tied to such a case through another picture of the same "
        "lesion or patient. Pictures count as one after resizing, cutting, recompression, flips and changed colours. A "
        "case may share several."
    ),
    (
        "Not found is what neither the manifests nor the pictures tell: another photograph of a lesion or patient "
        "without a name, or with another name in the other set."
    ),
)


def page_of(result: Result) -> GeneralisationPage:
    """Return what the page and the summary say, in their order."""
    return GeneralisationPage(
        title=title(result),
        lead=_lead(result),
        names=result.names,
        matrices=matrices(result),
        matrix_note=" ".join([cell_note(result), *matrix_table(result).notes]),
        gaps={
            heading: (gap_table(result, same_images=same), _GAP_WORDS[heading])
            for heading, same in ((_SAME_IMAGES, True), (_OTHER_IMAGES, False))
            if any(gap.same_images is same for gap in result.matrix.gaps)
        },
        overlap=overlap_table(result),
        overlap_note=[*_OVERLAP_WORDS, *_unread(result)],
        differences=result.whats_different,
        sets=set_table(result),
        networks=network_table(result),
        method=_method(result),
        missing=result.missing,
    )


def markdown(result: Result) -> str:
    """Return the summary as a page."""
    page = page_of(result)
    parts = [f"# {page.title}", *page.lead]
    if page.missing:
        parts += ["## Not scored", _bullets(page.missing)]
    parts += ["## Trained on, tested on", matrix_table(result).markdown(), cell_note(result)]
    for heading, (table, words) in page.gaps.items():
        parts += [f"## {heading}", table.markdown(), words]
    parts += ["## Shared cases", page.overlap.markdown(), *page.overlap_note]
    parts += ["## What else differs", _bullets(page.differences)]
    parts += ["## Data sets", page.sets.markdown(), "## Networks", page.networks.markdown()]
    parts += ["## How it was made", *page.method, NOTICE]
    return "\n\n".join(part for part in parts if part) + "\n"


def title(result: Result) -> str:
    """Return the heading of page and picture."""
    return f"Generalisation: {result.name}"


def cell_note(result: Result) -> str:
    """Return what stands in a cell."""
    return (
        f"Mean [{100 * result.matrix.confidence:g} % interval] over the {result.split} images of the column without "
        "those that the row's training side shares; below it the mean over all images where some were left out. "
        "Framed: trained and tested on the same set."
    )


def _lead(result: Result) -> list[str]:
    found = []
    for gap in result.matrix.gaps:
        if gap.same_images and gap.leak_free:
            one = gap.differences["dice"]
            found.append(
                f"On {gap.n} {result.split} images of {gap.tested_on} (shared cases left out), the network trained on "
                f"{gap.trained_on} reaches a Dice {abs(one.value):.3f} {'lower' if one.value >= 0 else 'higher'} than "
                f"the one trained on {gap.tested_on} (difference {signed(one)}), {_verdict(gap)}."
            )
    return found


def _unread(result: Result) -> list[str]:
    worst = max((one.unread for one in result.overlaps.values()), default=0)
    return (
        [f"Up to {worst} pictures of a pair could not be read and were compared by their names alone."] if worst else []
    )


def _verdict(gap: Gap) -> str:
    one = gap.differences["dice"]
    if gap.n_groups < LEAST_GROUPS:
        return f"too few lesions to say whether that is chance ({gap.n_groups}; it takes {LEAST_GROUPS})"
    if _holds_zero(one):
        return "which is not told apart from none"
    return "so that training elsewhere costs" if one.value > 0 else "so that training elsewhere does not cost"


def _holds_zero(one: Bounded) -> bool:
    return one.low is not None and one.high is not None and one.low <= 0 <= one.high


def _method(result: Result) -> list[str]:
    matrix = result.matrix
    return [
        (
            f"Every score is the mean over images of the {result.split} split; both masks empty counts 1, a Jaccard "
            "below 0.65 counts 0 in threshold Jaccard. Masks are compared at the size of the pictures of the set."
        ),
        (
            f"Intervals ({100 * matrix.confidence:g} %) are a percentile bootstrap of {matrix.draws} draws (seed "
            f"{matrix.seed}) over groups of images: pictures of one lesion or patient are drawn together. They say how "
            "far a figure would move with other images; there is one network per set, so that another training with "
            f"another seed may move it further. dermaseg_monai {__version__}."
        ),
    ]


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "Nothing that the manifests and the weights tell."
