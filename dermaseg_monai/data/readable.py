"""The images to predict on: those that can be decoded, and a note of those that cannot."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dermaseg_monai.data.samples import Sample, data_folder
from dermaseg_monai.errors import DataError, ImageError, IntegrityError
from dermaseg_monai.files import is_utf8, printable, require_unchanged
from dermaseg_monai.images import IMAGE_SUFFIXES, UNREAD_SUFFIXES, is_volume, read_image
from dermaseg_monai.images.volume_file import require_volume
from dermaseg_monai.manifest import Manifest, Split
from dermaseg_monai.manifest.listing import files_below
from dermaseg_monai.manifest.table import image_id
from dermaseg_monai.manifest.threads import in_threads

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unreadable:
    """An image that is left out, and the sentence that says why."""

    case_id: str
    path: str
    reason: str


class ImageList(list[Sample]):
    """Samples of `image`, `image_path` (both the path) and `case_id`; `failures` holds what was left out."""

    def __init__(self, samples: Iterable[Sample] = (), failures: Iterable[Unreadable] = ()) -> None:
        super().__init__(samples)
        self.failures = tuple(failures)


@dataclass(frozen=True)
class _Candidate:
    case_id: str
    path: Path
    sha256: str | None = None


def readable_images(
    source: str | Path, dataset_dir: str | Path | None = None, split: Split | None = None, *, volumes: bool = False
) -> ImageList:
    """Return the readable images of a folder (with its sub-folders), of one image file, or of a manifest (.json).

    These are photographs, or with `volumes` NIfTI volumes; a file of the other kind is left out.

    Every image is decoded once, several at a time, so that a damaged one is known before the first prediction and costs
    nothing but itself; so does one of a format that is not read (UNREAD_SUFFIXES). Other files of a folder are counted
    in the log. Of a manifest come the cases of `split`, by default all but `excluded`; a file whose sha256 differs from
    the manifest's is left out too. The id of an image in a folder is its name without suffix, or its path with `_` for
    `/` and `.` where two images share a name.

    Raises:
        DataError: `source` does not exist, holds no image, or none that can be read; `dataset_dir` is missing.
    """
    return _sorted_out(
        _candidates(Path(source).expanduser(), dataset_dir, split), source, _volume if volumes else _photograph
    )


def volumes_on_disk(source: str | Path, dataset_dir: str | Path | None = None, split: Split | None = None) -> ImageList:
    """Return the volumes of a folder, a file or a manifest as `readable_images` does, from their headers alone.

    For volumes that do not fit into memory: whether their voxels can be read shows when they are predicted.

    Raises:
        DataError: as `readable_images`.
    """
    return _sorted_out(_candidates(Path(source).expanduser(), dataset_dir, split), source, require_volume)


def _sorted_out(candidates: list[_Candidate], source: str | Path, look: Callable[[Path], object]) -> ImageList:
    faults = in_threads(partial(_fault, look=look), candidates, title=f"Checking {len(candidates)} images")
    pairs = list(zip(candidates, faults, strict=True))
    failures = [Unreadable(printable(one.case_id), printable(str(one.path)), fault) for one, fault in pairs if fault]
    if len(failures) == len(pairs):
        raise DataError(f"None of the {len(pairs)} images of {source} can be used. First: {failures[0].reason}")
    return ImageList((_sample(one) for one, fault in pairs if not fault), failures)


def _candidates(source: Path, dataset_dir: str | Path | None, split: Split | None) -> list[_Candidate]:
    if source.suffix.lower() == ".json":
        return _of_manifest(source, dataset_dir, split)
    if source.is_file():
        return [_Candidate(image_id(source.name), source)]
    if not source.is_dir():
        raise DataError(f"There is no folder or manifest {source}. Pass a folder of images, an image or a manifest.")
    files = _images_below(source)
    if not files:
        raise DataError(f"{source} holds no image. Known are {', '.join(IMAGE_SUFFIXES)}.")
    return [_Candidate(name, path) for name, path in zip(_ids(files, source), files, strict=True)]


def _images_below(folder: Path) -> list[Path]:
    """Return the files that are images by their suffix, of formats that are not read too; the others are counted.

    A photograph under a name that nobody knows would be missed by whoever counts the rows.
    """
    every = files_below(folder, ("",))
    files = [path for path in every if path.name.lower().endswith((*IMAGE_SUFFIXES, *UNREAD_SUFFIXES))]
    others = sorted(set(every) - set(files))
    if others:
        first = printable(others[0].relative_to(folder).as_posix())
        logger.warning("%d files of %s are no images and take no part, first %s.", len(others), folder, first)
    return files


def _of_manifest(source: Path, dataset_dir: str | Path | None, split: Split | None) -> list[_Candidate]:
    if dataset_dir is None:
        raise DataError(f"{source} is a manifest; pass the folder that its paths start from with --dataset_dir.")
    manifest = Manifest.load(source)
    folder = data_folder(dataset_dir, source)
    wanted = manifest.in_split(split) if split else [case for case in manifest.cases if case.split != "excluded"]
    if not wanted:
        raise DataError(f"Every case of manifest {manifest.name} is excluded. Choose a split with --split excluded.")
    return [_Candidate(case.id, folder / case.image.path, case.image.sha256) for case in wanted]


def _ids(files: list[Path], folder: Path) -> list[str]:
    shared = Counter(image_id(path.name) for path in files)
    ids = [id_by_path(path, folder) if shared[image_id(path.name)] > 1 else image_id(path.name) for path in files]
    repeated = [name for name, count in Counter(ids).items() if count > 1]
    if repeated:
        raise DataError(f"Two images below {folder} would get the id {repeated[0]!r}. Rename one of them.")
    return ids


def id_by_path(path: Path, folder: Path) -> str:
    """Return the id of an image that shares its name with another one below `folder`."""
    return path.relative_to(folder).as_posix().replace("/", "_").replace(".", "_")


def _photograph(path: Path) -> None:
    if is_volume(path):
        raise ImageError(f"{path} is a volume, and this bundle takes photographs. Predict it with bundles/unet3d.")
    read_image(path)


def _volume(path: Path) -> None:
    require_volume(path)
    read_image(path)


def _fault(one: _Candidate, look: Callable[[Path], object]) -> str | None:
    if not is_utf8(str(one.path)):
        return (
            f"The name of {printable(str(one.path))} is not UTF-8 text. Rename the file, or the folder that it lies in."
        )
    if one.path.name.lower().endswith(UNREAD_SUFFIXES):
        return f"{one.path} is of a format that is not read ({one.path.suffix}). Save it as JPEG or PNG, or as NIfTI."
    try:
        look(one.path)
        if one.sha256:
            require_unchanged(one.path, one.sha256)
    except (ImageError, IntegrityError) as error:
        return str(error)
    except OSError as error:
        return f"Cannot read {one.path}: {error.strerror or error}. Copy it again or leave it out."
    return None


def _sample(one: _Candidate) -> Sample:
    return {"image": str(one.path), "image_path": str(one.path), "case_id": one.case_id}
