"""The demo set on disk: images, reference masks, three annotators' masks, manifest, licence."""

import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dermaseg_monai.data.demo.annotators import ANNOTATORS
from dermaseg_monai.data.demo.panel import Sitting, panel_of
from dermaseg_monai.data.demo.photograph import Photograph, take_photograph
from dermaseg_monai.data.demo.plan import Shot, plan_set
from dermaseg_monai.data.whole_folder import MANIFEST, new_set_in, set_in, whole_folder
from dermaseg_monai.files import sha256_of, write_text
from dermaseg_monai.images import fitzpatrick_like, tone_band, write_mask, write_rgb
from dermaseg_monai.manifest import Annotation, Attribute, Case, FileRecord, Manifest

GENERATOR_VERSION = "1"
"""Changes when the same seed no longer gives the same pictures."""

_LICENCE = "CC0-1.0"
_ATTRIBUTION = "Drawn by dermaseg_monai; no photograph of a person"
_DATE = "2026-01-05"
_README = """Synthetic dermoscopy, drawn by dermaseg_monai (seed {seed}, {n} images). Licence: CC0-1.0.

No photograph of a person, no clinical meaning: it shows that the software works, not how well it does on patients.
images/ photographs, masks/ true extent of the lesion, annotations/<annotator>/ three simulated readers, manifest.json.
"""
_log = logging.getLogger(__name__)


def demo_manifest(folder: str | Path, n: int = 240, seed: int = 0) -> str:
    """Return the path of the manifest of the demo set in `folder`; draw the set first when it is not there.

    A set that is there is returned as it is, whatever its number of images and its seed.

    Raises:
        DataError: the folder holds other things, or cannot be written.
    """

    def draw(place: Path) -> None:
        _log.info("Drawing %d synthetic images into %s", n, place)
        _draw_into(place, n, seed)

    return set_in(folder, draw)


def make_demo(out: str | Path, n: int, seed: int) -> Path:
    """Draw a demo set into the new or empty folder `out` and return the path of its manifest.

    The same seed and number give the same bytes, on one machine with the same versions of NumPy, SciPy and Pillow.

    Raises:
        ValueError: `n` is below 3, or the seed is negative.
        DataError: the folder is not empty, or cannot be written.
    """
    return new_set_in(out, lambda folder: _draw_into(folder, n, seed))


def make_panel_demo(out: str | Path, n: int, seed: int) -> Path:
    """Draw the pictures of `make_demo` with a panel of five readers instead, four to a picture (see `panel_of`).

    Raises:
        ValueError: as `make_demo`.
        DataError: as `make_demo`.
    """
    return new_set_in(out, lambda folder: _draw_into(folder, n, seed, panel_of, name="demo-readers"))


def _three(shot: Shot, n: int) -> tuple[Sitting, ...]:  # noqa: ARG001 (they are always the same)
    return tuple(Sitting(one, _DATE) for one in ANNOTATORS)


def _draw_into(
    folder: Path, n: int, seed: int, readers: Callable[[Shot, int], Sequence[Sitting]] = _three, name: str = "demo"
) -> None:
    shots = plan_set(n, seed)
    with whole_folder(folder) as draft:
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            cases = tuple(pool.map(lambda shot: _write_case(draft, shot, seed, readers(shot, n)), shots))
        write_text(draft / "README.txt", _README.format(seed=seed, n=n))
        manifest = Manifest(name=f"{name}-{n}-seed{seed}", version=GENERATOR_VERSION, licence=_LICENCE, cases=cases)
        manifest.save(draft / MANIFEST)


def _write_case(folder: Path, shot: Shot, seed: int, sittings: Sequence[Sitting]) -> Case:
    photograph = take_photograph(shot, seed, [sitting.annotator for sitting in sittings])
    name = f"demo_{shot.number:04d}"
    size_px = shot.size_px

    def record(path: str) -> FileRecord:
        return FileRecord(path=path, sha256=sha256_of(folder / path), size_px=size_px)

    write_rgb(folder / f"images/{name}.jpg", photograph.rgb)
    write_mask(folder / f"masks/{name}.png", photograph.lesion)
    reference = Annotation(
        mask=record(f"masks/{name}.png"), annotator="generator", tool="true extent", created_at=_DATE, role="reference"
    )
    readers: list[Annotation] = []
    for sitting in sittings:
        one = sitting.annotator
        path = f"annotations/{one.name}/{name}.png"
        write_mask(folder / path, photograph.outlines[sitting.hands_in or one.name])
        readers.append(
            Annotation(
                mask=record(path),
                annotator=one.name,
                tool=one.tool,
                skill=one.skill,
                created_at=sitting.date,
                role="reader",
            )
        )
    return Case(
        id=name,
        image=record(f"images/{name}.jpg"),
        annotations=(reference, *readers),
        split=shot.split,
        lesion_id=f"L{shot.lesion_number:04d}",
        patient_id=shot.person.patient_id,
        attributes=_attributes(shot, photograph),
        licence=_LICENCE,
        attribution=_ATTRIBUTION,
    )


def _attributes(shot: Shot, photograph: Photograph) -> dict[str, Attribute]:
    lesion = photograph.lesion
    touches = bool(lesion[0].any() or lesion[-1].any() or lesion[:, 0].any() or lesion[:, -1].any())
    return {
        "diagnosis": shot.diagnosis,
        "age": shot.person.age,
        "sex": shot.person.sex,
        "site": shot.site,
        "device": shot.device,
        "ita_deg": shot.person.ita_deg,
        "skin_band": tone_band(shot.person.ita_deg),
        "fitzpatrick_estimate": fitzpatrick_like(shot.person.ita_deg),
        "artefacts": ", ".join(shot.artefacts) or "none",
        "border_contact": "yes" if touches else "no",
        "satellites": photograph.satellites,
    }
