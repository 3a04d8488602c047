"""An agreement study as one HTML page: a section for every table of its folder."""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Final

import pandas as pd

from dermaseg_monai.agreement.interval import too_narrow
from dermaseg_monai.errors import ImageError
from dermaseg_monai.files import write_text
from dermaseg_monai.images import read_image, reader_colours
from dermaseg_monai.report.agreement_cases import draw_case, html_case, worst_cases
from dermaseg_monai.report.agreement_charts import draw_bias, draw_dice
from dermaseg_monai.report.agreement_headline import STYLE as HEADLINE_STYLE
from dermaseg_monai.report.agreement_headline import headline_html
from dermaseg_monai.report.agreement_parts import factor_table, html_table, matrix
from dermaseg_monai.report.agreement_readers import STYLE as READERS_STYLE
from dermaseg_monai.report.agreement_readers import readers_html, readers_of
from dermaseg_monai.report.agreement_sections import table_sections
from dermaseg_monai.report.drift_chart import MOST_READERS, draw_drift
from dermaseg_monai.report.drifting import moved_readers
from dermaseg_monai.report.histograms import html_svg
from dermaseg_monai.report.html import html_list, html_page, html_picture
from dermaseg_monai.report.page import shown_id
from dermaseg_monai.report.study_tables import StudyTables

_WORST: Final = 12

_STYLE: Final = """
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:16px}
figure{margin:0}figure img{width:100%}figure.error{max-width:900px;margin-bottom:1.4em}
figcaption{font-size:.85rem;overflow-wrap:anywhere;margin-top:4px}
.who{display:inline-block;margin-right:1em}.who i{display:inline-block;width:1.3em;height:.75em;margin-right:.4em}
.who i{border:1px solid #333;vertical-align:-1px}
table.heat{font-size:.82rem}
table.heat th{font-weight:normal;border:0;min-width:6ch;max-width:12ch;overflow-wrap:anywhere}
table.heat td{border:2px solid #fff;text-align:center;min-width:52px;padding:4px 5px}
table.heat td b{display:block}table.heat td span{font-size:.75rem}table.heat td.none{background:#f1f1f1}
td.words{overflow-wrap:anywhere;min-width:11ch;max-width:46ch}th.words{vertical-align:bottom}
.chart img{min-width:520px}td.long{min-width:34ch;max-width:60ch;overflow-wrap:anywhere}
td.number,td.count{white-space:nowrap;text-align:right}th.number,th.count{text-align:right}
thead th{vertical-align:bottom}td svg{display:block}
summary{cursor:pointer}summary h2{display:inline}
"""


_METHODS: Final = (
    "Mean pairwise Dice: 2 |A ∩ B| / (|A| + |B|) for every two outlines of an image, then the mean.",
    "Source: Khan and Khan, Practical Semantic Segmentation with Deep Learning, 2026, eq. 4.1.",
    "Jaccard: |A ∩ B| / |A ∪ B|; threshold Jaccard: 0 where it is below 0.65 (ISIC 2018).",
    "HD95: the larger of both directed 95th percentiles of the distances between two contours.",
    "ASSD: the mean of all of these distances; surface Dice: the share of both contours within the tolerance.",
    "A contour is every lesion pixel with a face neighbour outside; beyond the picture counts as outside.",
    "Intervals: percentile bootstrap that draws patients or lesions where they are known, else images.",
    "An image with many readers weighs more in a mean over pairs; the mean over images is in summary.json.",
)


def write_agreement_page(folder: str | Path, photographs: Mapping[str, Path]) -> Path:
    """Write index.html into the folder of a study and return its path; the page needs no other file.

    Every section stands where its table does: run a further command into the same folder and write the page again.

    Args:
        folder: what `dermaseg agreement` wrote.
        photographs: of the cases, as far as there are any; outlines of the others are drawn on grey.

    Raises:
        DataError: there is no study in the folder, or the page cannot be written.
    """
    root = Path(folder)
    study = StudyTables.read(root)
    sections = [*_headline(study), *_factors(study), *_readers(study), *_worst(study, photographs)]
    sections += [*_error_pictures(root), *table_sections(study), *_methods(study)]
    path = root / "index.html"
    write_text(path, html_page("How far people agree", sections, style=_STYLE + HEADLINE_STYLE + READERS_STYLE))
    return path


def _headline(study: StudyTables) -> Iterator[str]:
    _, found = study.headline
    yield headline_html(study)
    yield readers_html(study)
    pairs = study.tables["pairs"]
    different = pairs.query("annotator_a != annotator_b")
    shown = different if len(different) else pairs
    yield "<h2>Who agrees with whom</h2>" + matrix(pairs)
    yield "<h2>How agreement is spread</h2>"
    histogram = draw_dice(shown["dice"].to_numpy(dtype=float), below_dice=found["below_dice"])
    yield _chart(histogram, "Histogram of the Dice of all pairs")


def _factors(study: StudyTables) -> Iterator[str]:
    for name, table in study.tables.items():
        if not name.startswith("by_"):
            continue
        factor = name.removeprefix("by_")
        rows = table.query("whose == 'different people'") if "whose" in table else table
        if len(rows) and factor in rows:
            yield f"<h2>By {escape(shown_id(factor.replace('_', ' ')))}</h2>{factor_table(rows, factor)}"
            groups = {shown_id(str(row[factor])): int(row.get("groups", 1)) for row in rows.to_dict("records")}
            yield from (f"<p class=faint>{escape(words)}</p>" for words in too_narrow(groups))


def _readers(study: StudyTables) -> Iterator[str]:
    bias = study.tables.get("bias")
    if bias is not None:
        yield "<h2>Who draws how</h2>" + _chart(draw_bias(bias), "Offset of every annotator")
        yield "<p class=faint>Against the consensus of the other readers of each image; a diamond is tight or loose "
        yield "beyond chance and by a share that matters.</p>"
        wanted = ["annotator", "verdict", "outlines", "images", "offset_percent", "offset_px", "offset_mm",
            "log_area_ratio", "log_volume_ratio", "centroid_shift_percent", "dice_consensus", "copied"]  # fmt: skip
        several = "images_of_three" in bias and bool((bias["images_of_three"] > 0).any())
        wanted += ["sensitivity", "specificity"] if several else []
        yield html_table(bias.filter(items=wanted), most=40)
        if not several:
            yield "<p class=faint>Two readers per image do not tell who is right: no sensitivity, no specificity.</p>"
    drift = study.tables.get("drift")
    if drift is not None:
        yield _drift(drift, study)


def _drift(drift: pd.DataFrame, study: StudyTables) -> str:
    moved = moved_readers(drift)
    colours = reader_colours(readers_of(study))
    chart = _chart(draw_drift(drift, moved=moved, colours=colours), "EWMA charts of the annotators")
    left = len(set(drift["annotator"])) - MOST_READERS
    words = (
        "Dots: outlines by date; line: their moving average (EWMA); grey: control limits. Orange, of who moved: beyond "
        "them. The others are measured against that hand too, so theirs may seem to move the other way, unmarked."
    )
    words += f" {left} more annotators are in drift.csv." if left > 0 else ""
    return f"<h2>Drift over time</h2>{chart}<p class=faint>{words}</p>"


def _worst(study: StudyTables, photographs: Mapping[str, Path]) -> Iterator[str]:
    masks, images = study.tables.get("masks"), study.tables.get("images")
    if masks is None or images is None:
        return
    figures: list[str] = []
    colours = reader_colours(readers_of(study))
    for case_id, words in worst_cases(images, most=_WORST).items():
        drawn = draw_case(case_id, masks, photographs.get(case_id), colours=colours)
        figures += [html_case(one, words) for one in drawn]
    if figures:
        yield f"<h2>Where people agree least</h2><div class=cases>{''.join(figures)}</div>"


def _error_pictures(root: Path) -> Iterator[str]:
    figures: list[str] = []
    for path in sorted((root / "errors").glob("*.png")):
        try:
            rgb = read_image(path).pixels
        except ImageError:  # somebody else's file in the folder is not ours to show
            continue
        words = path.stem.replace("-", ": ").replace("_", " ")
        figures.append(f"<figure class=error>{html_picture(rgb, words)}</figure>")
    if figures:
        yield f"<h2>The gravest error of each kind</h2>{''.join(figures)}"


def _chart(svg: bytes, words: str) -> str:
    return f"<div class='scroll chart'>{html_svg(svg, escape(words))}</div>"


def _methods(study: StudyTables) -> Iterator[str]:
    failures = [str(line) for line in study.summary.get("failures", ())]
    if failures:
        yield f"<h2>Outlines that could not be used ({len(failures)})</h2>{html_list(failures[:50])}"
    whose, found = study.headline
    bootstrap = f"{100 * found['confidence']:g} % intervals, {found['draws']:,} draws of {found['n_groups']:,} groups."
    bootstrap += "".join(f" {words}" for words in too_narrow({f"Pairs of {whose}": found["n_groups"]}))
    notes = [str(line) for line in study.summary.get("notes", ())]
    yield f"<h2>Methods</h2>{html_list([*notes, *_METHODS, bootstrap])}"
