"""A prediction folder beside the manifest of its pictures: which cases there are, and one of them ready to be drawn."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.errors import DataError, ImageError
from dermaseg_monai.files import parse_json
from dermaseg_monai.images import (
    Slice,
    grey_slice,
    is_volume,
    read_image,
    read_mask,
    read_probability,
    require_same_place,
    slices_to_show,
)
from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.metrics.case_rows import read_rows
from dermaseg_monai.report.marks import read_marks
from dermaseg_monai.report.palette import MAP_COLOURS
from dermaseg_monai.report.view import View, make_view, reduced

_NEAR: Final = 3


class Predictions:
    """The cases of a prediction folder (see `engines.PredictionFolder`), read one at a time.

    Args:
        folder: holds `cases.csv` and `masks/`; `boundary/` and `uncertainty/` where the network has these maps.
        manifest: of the pictures.
        dataset_dir: where the manifest's paths start.

    Raises:
        DataError: there is no such folder or manifest, or `cases.csv` is no table of cases.
    """

    def __init__(self, folder: str | Path, *, manifest: str | Path, dataset_dir: str | Path) -> None:
        self.folder, self.dataset_dir = Path(folder), Path(dataset_dir)
        self.rows = read_rows(self.folder)
        self.manifest = Manifest.load(manifest)
        self._cases = {case.id: case for case in self.manifest.cases}
        self._marks = read_marks(self.folder)
        self.map_names = tuple(name for name in MAP_COLOURS if (self.folder / name).is_dir())

    @property
    def of_volumes(self) -> bool:
        """The cases are volumes."""
        return any(is_volume(case.image.path) for case in self.manifest.cases)

    def row(self, case_id: str) -> CaseRow:
        """Return the row of a case.

        Raises:
            DataError: there is none; offers the nearest ids.
        """
        for row in self.rows:
            if row.case_id == case_id:
                return row
        near = difflib.get_close_matches(case_id, [row.case_id for row in self.rows], n=_NEAR, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else f"see {self.folder / 'cases.csv'}."
        raise DataError(f"No case {case_id!r} among the {len(self.rows)} of {self.folder}; {hint}")

    def unshown(self) -> dict[str, str]:
        """Return case id to reason of every case that cannot take part: failed, unscored, or without any row."""
        reasons = {row.case_id: row.reason for row in self.rows if row.file is None}
        reasons |= {row.case_id: "not scored" for row in self.rows if row.file is not None and row.jaccard is None}
        split = split_of(read_run(self.folder))
        if split is not None:
            known = {row.case_id for row in self.rows}
            lost = (case.id for case in self.manifest.cases if case.split == split and case.id not in known)
            reasons |= dict.fromkeys(lost, "in the manifest, but not in cases.csv")
        return dict(sorted(reasons.items()))

    def views(self, row: CaseRow, *, side_px: int) -> list[View]:
        """Return a case for columns of `side_px`; the maps are read after the picture has been reduced.

        A photograph is one view. Of a volume the middle slice of the lesion and the slice with most wrong voxels are
        shown (`images.slices_to_show`), one view where they are the same.

        Raises:
            DataError: the case failed, is not in the manifest, or its files do not belong together.
            ImageError: a file is missing or damaged.
        """
        if row.file is None:
            raise DataError(f"Case {row.case_id} was not predicted: {row.reason}.")
        case = self._cases.get(row.case_id)
        if case is None:
            raise DataError(
                f"Case {row.case_id} is not in manifest {self.manifest.name}. Give its own: --manifest FILE."
            )
        pred, label = read_mask(self._file("masks", row)), self._label(case)
        _require_same(case.id, "prediction", pred, "reference", label)
        counted = row.scores.get("label_px")
        if label is not None and counted is not None and counted != int(label.sum()):
            found = f"Case {case.id}: {counted:.0f} px of reference were scored, the mask has {int(label.sum())}"
            raise DataError(f"{found}. Give the manifest that was evaluated: --manifest FILE.")
        image = read_image(self.dataset_dir / case.image.path)
        _require_same(case.id, "prediction", pred, "image", image.pixels)
        if image.affine is None:
            view = make_view(image.pixels, pred, label=label, maps={}, side_px=side_px)
            del image  # of up to 100 million pixels, before the maps come
            maps = dict(self._maps(row, pred, view, None, side_px))
            return [replace(view, maps=maps, marks=self._marks.get(row.case_id))]
        require_same_place(self.dataset_dir / case.image.path, self._file("masks", row))
        lesion, masks = (pred, [pred]) if label is None else (label if label.any() else pred, [label, pred])
        shown = slices_to_show(image.affine, lesion=lesion, masks=masks)
        seen = {"pred": pred} if label is None else {"pred": pred, "label": label}
        return [self._slice_view(row, one, image.pixels, seen, side_px) for one in shown]

    def _slice_view(
        self, row: CaseRow, one: Slice, image: np.ndarray, masks: Mapping[str, BoolMask], side_px: int
    ) -> View:
        cut = {name: one.cut(mask) for name, mask in masks.items()}
        view = make_view(grey_slice(one, image), cut["pred"], label=cut.get("label"), maps={}, side_px=side_px)
        flat = {name: one.voxels(mask) for name, mask in masks.items()}
        if "label" in flat:
            flat |= {"missed": flat["label"] & ~flat["pred"], "extra": flat["pred"] & ~flat["label"]}
        return replace(
            view,
            maps=dict(self._maps(row, masks["pred"], view, one, side_px)),
            counts_px={name: int(mask.sum()) for name, mask in flat.items()},
            empty=frozenset(name for name, mask in masks.items() if not mask.any()),
            slice_words=one.words,
        )

    def _maps(
        self, row: CaseRow, pred: BoolMask, view: View, one: Slice | None, side_px: int
    ) -> Iterator[tuple[str, np.ndarray]]:
        for name in self.map_names:
            path = self._file(name, row)
            if path.is_file():
                values = read_probability(path)
                _require_same(row.case_id, "prediction", pred, f"{name} map", values)
                yield name, reduced(view.window.cut(values if one is None else one.cut(values)), side_px)

    def _label(self, case: Case) -> BoolMask | None:
        return None if case.reference is None else read_mask(self.dataset_dir / case.reference.mask.path)

    def _file(self, name: str, row: CaseRow) -> Path:
        assert row.file is not None, "asked for only after the row was checked"  # noqa: S101
        return self.folder / name / row.file


def read_run(folder: Path) -> dict[str, Any]:
    """Return what `run.json` of a folder says, or nothing where it does not exist.

    Raises:
        DataError: it is there and no JSON object.
    """
    path = folder / "run.json"
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}). Copy it again, or evaluate again.") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} holds a {type(found).__name__}, not an object. Copy it again, or evaluate again.")
    return found


def split_of(run: Mapping[str, Any]) -> str | None:
    """Return the split that was evaluated, as `run.json` says it; None where it says nothing."""
    # an evaluation that was tracked leaves its whole sheet, another what it was told `about`
    for part in (run.get("config"), run.get("about")):
        split = part.get("split") if isinstance(part, dict) else None
        if isinstance(split, str):
            return split
    return None


def _require_same(case_id: str, one: str, first: np.ndarray, other: str, second: np.ndarray | None) -> None:
    if second is not None and second.shape[: first.ndim] != first.shape:
        found = f"Case {case_id}: the {one} has {first.shape} px, the {other} {second.shape[: first.ndim]}"
        raise ImageError(
            f"{found}. Give the manifest and the pictures that were evaluated (--manifest, --dataset-dir)."
        )
