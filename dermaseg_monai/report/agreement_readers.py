"""Who took part in an agreement study: the readers, the outlines of each, and what was left out."""

from collections import Counter
from html import escape

from dermaseg_monai.images import Rgb, hex_of, reader_colours
from dermaseg_monai.report.page import shown_id
from dermaseg_monai.report.study_tables import StudyTables

STYLE = """
.readers i{display:inline-block;width:1em;height:.75em;border:1px solid #333;margin-right:.4em}
.readers span{display:inline-block;margin-right:1.4em}.warning{border-left:4px solid #d55e00;padding:2px 12px}
"""


def readers_html(study: StudyTables) -> str:
    """Return every reader with the number of outlines that were measured, and below it what was left out and why."""
    counts = readers_of(study)
    colours = reader_colours(counts) if "masks" in study.tables else {}
    named = "".join(
        f"<span>{_swatch(colours.get(name))}<b>{escape(shown_id(name, 40))}</b> {count:,}</span>"
        for name, count in counts.items()
    )
    people = "1 reader" if len(counts) == 1 else f"{len(counts):,} readers"
    taking = f"<p class=readers>Outlines of {people}: {named}</p>"
    warnings = [str(words) for words in study.summary.get("warnings", ())]
    failures = len(study.summary.get("failures", ()))
    warnings += [f"Left out: {failures:,} outlines that could not be used; they are listed below."] if failures else []
    return taking + "".join(f"<p class=warning>{escape(words)}</p>" for words in warnings)


def readers_of(study: StudyTables) -> dict[str, int]:
    """Return every reader of a study with the number of outlines, or of images where the study has pairs alone."""
    if "masks" in study.tables:
        counted = Counter(map(str, study.tables["masks"]["annotator"]))
    else:
        pairs = study.tables["pairs"]
        drawn = {
            (str(who), case)
            for side in "ab"
            for who, case in zip(pairs[f"annotator_{side}"], pairs["case_id"], strict=True)
        }
        counted = Counter(who for who, _ in drawn)
    return dict(sorted(counted.items()))


def _swatch(colour: Rgb | None) -> str:
    return "" if colour is None else f'<i style="background:{hex_of(colour)}"></i>'
