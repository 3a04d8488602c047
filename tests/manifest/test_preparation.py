import fcntl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import read_image, read_mask
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, index_folder, prepare, verify
from dermaseg_monai.manifest.preparation import Fault, files

BATCH = "dermaseg_monai.manifest.preparation.batch"


@pytest.fixture(autouse=True)
def prepared_ids(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Prepare in this process, one after the other, and note who was prepared."""
    ids: list[str] = []

    def serially(
        work: Callable[[Case], object], cases: Sequence[Case], *, title: str, workers: int
    ) -> Iterator[tuple[Case, object]]:
        assert title
        assert workers >= 1
        for case in cases:
            ids.append(case.id)
            yield case, work(case)

    monkeypatch.setattr(f"{BATCH}.in_processes", serially)
    return ids


def photograph(height: int, width: int) -> Image.Image:
    """Smooth colours, brighter to the right and to the bottom."""
    rows, columns = np.mgrid[:height, :width]
    channels = (255 * rows / height, 255 * columns / width, 120 + 0 * rows)
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A large JPEG a, a large PNG b, a small JPEG c; the masks hold their upper half."""
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    for name, height, width in (("a.jpg", 400, 600), ("b.png", 300, 200), ("c.jpg", 40, 60)):
        photograph(height, width).save(root / "images" / name, quality=92)
        mask = np.zeros((height, width), dtype=np.uint8)
        mask[: height // 2] = 255
        Image.fromarray(mask).save(root / "masks" / f"{name[0]}.png")
    return root


@pytest.fixture
def manifest(data: Path) -> Manifest:
    """a, b, c with what must be kept."""
    cases = tuple(
        replace(
            case,
            split=split,
            lesion_id=f"L{case.id}",
            patient_id="P",
            attributes={"group": 7, "age": 40.5},
            licence="CC-0",
            attribution="Anna",
        )
        for case, split in zip(index_folder(data).cases, ("train", "val", "excluded"), strict=True)
    )
    return Manifest(name="big", version="3", licence="mixed", cases=cases, division="by hand")


def test_pictures_are_reduced_in_proportion_and_never_enlarged(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    small = prepare(manifest, data, tmp_path / "out", short_side_px=100).manifest
    assert [case.image.size_px for case in small.cases] == [(100, 150), (150, 100), (40, 60)]
    assert [case.image.original_size_px for case in small.cases] == [(400, 600), (300, 200), (40, 60)]
    for case in small.cases:
        for record in case.files:
            assert record.size_px == case.image.size_px
        assert read_image(tmp_path / "out" / case.image.path).pixels.shape[:2] == case.image.size_px


def test_everything_but_the_files_is_kept_and_the_origin_said(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    done = prepare(manifest, data, tmp_path / "out", short_side_px=100)
    for new, old in zip(done.manifest.cases, manifest.cases, strict=True):
        masks = [replace(now, mask=was.mask) for now, was in zip(new.annotations, old.annotations, strict=True)]
        assert replace(new, image=old.image, annotations=tuple(masks)) == old
    origin = done.manifest.prepared_from
    assert origin is not None
    assert (origin.name, origin.digest, origin.short_side_px, origin.left_out) == ("big", manifest.digest, 100, ())
    assert (done.manifest.name, done.manifest.version, done.manifest.division) == ("big_100px", "3", "by hand")
    assert Manifest.load(done.path) == done.manifest
    assert verify(done.manifest, done.path.parent) == []


def test_files_lie_in_many_folders(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    small = prepare(manifest, data, tmp_path / "out", short_side_px=100).manifest
    # sha256 of "a" begins with ca, of "b" with 3e, of "c" with 2e
    assert [case.image.path for case in small.cases] == ["images/ca/a.jpg", "images/3e/b.png", "images/2e/c.png"]
    assert [case.annotations[0].mask.path for case in small.cases] == [
        "masks/ca/a.png",
        "masks/3e/b.png",
        "masks/2e/c.png",
    ]


def test_the_pixels_are_those_of_a_full_decode_or_nearly(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    small = prepare(manifest, data, tmp_path / "out", short_side_px=100).manifest
    found = [read_image(tmp_path / "out" / case.image.path).pixels.astype(int) for case in small.cases]
    large = [Image.open(data / case.image.path) for case in manifest.cases]
    assert np.abs(found[0] - np.asarray(large[0].resize((150, 100), Image.Resampling.BICUBIC))).max() <= 4
    assert (found[1] == np.asarray(large[1].resize((100, 150), Image.Resampling.BICUBIC))).all()
    assert (found[2] == np.asarray(large[2])).all()


def test_masks_stay_binary(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    small = prepare(manifest, data, tmp_path / "out", short_side_px=100).manifest
    for case in small.cases:
        path = tmp_path / "out" / case.annotations[0].mask.path
        with Image.open(path) as stored:
            assert set(np.unique(np.asarray(stored))) == {0, 255}
        mask = read_mask(path)
        assert mask[: mask.shape[0] // 2].all()
        assert not mask[mask.shape[0] // 2 :].any()


def test_orientation_is_applied_and_no_exif_is_left(data: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side
    exif[0x010E] = "Jane Doe"
    photograph(400, 600).save(data / "images" / "a.jpg", exif=exif)
    Image.fromarray(np.full((600, 400), 255, dtype=np.uint8)).save(data / "masks" / "a.png")
    small = prepare(index_folder(data), data, tmp_path / "out", short_side_px=100).manifest
    assert (small.cases[0].image.size_px, small.cases[0].image.original_size_px) == ((150, 100), (600, 400))
    with Image.open(tmp_path / "out" / small.cases[0].image.path) as stored:
        assert not stored.getexif()
        pixels = np.asarray(stored).astype(int)
    assert pixels[0, -1, 0] < 10  # what was dark and on top is now on the right
    assert pixels[0, 0, 0] > 240


def test_every_annotation_comes_along(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    (data / "masks" / "a2.png").write_bytes((data / "masks" / "a.png").read_bytes())
    record = FileRecord("masks/a2.png", sha256_of(data / "masks" / "a2.png"), size_px=(400, 600))
    first = manifest.cases[0]
    better = Annotation(record, annotator="senior", role="adjudicated", replaces="masks/a.png")
    both = replace(first, annotations=(*first.annotations, better))
    small = prepare(
        replace(manifest, cases=(both, *manifest.cases[1:])), data, tmp_path / "out", short_side_px=100
    ).manifest
    reference = small.cases[0].reference
    assert reference is not None
    assert (reference.annotator, reference.mask.path) == ("senior", "masks_2/ca/a.png")
    assert reference.replaces == "masks/ca/a.png"


def test_a_bad_image_is_left_out_and_the_rest_is_done(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    (data / "images" / "b.png").write_bytes(b"changed")
    (data / "masks" / "c.png").unlink()
    done = prepare(manifest, data, tmp_path / "out", short_side_px=100)
    assert [case.id for case in done.manifest.cases] == ["a"]
    assert [fault.case_id for fault in done.faults] == ["b", "c"]
    assert "b.png has sha256" in done.faults[0].detail
    assert "c.png does not exist" in done.faults[1].detail
    assert done.manifest.prepared_from is not None
    assert done.manifest.prepared_from.left_out == ("b", "c")
    assert Manifest.load(done.path) == done.manifest


def test_a_damaged_image_is_left_out_though_its_hash_fits(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    path = data / "images" / "a.jpg"
    path.write_bytes(path.read_bytes()[:-2000])
    record = replace(manifest.cases[0].image, sha256=sha256_of(path))
    damaged = replace(manifest, cases=(replace(manifest.cases[0], image=record), *manifest.cases[1:]))
    done = prepare(damaged, data, tmp_path / "out", short_side_px=100)
    assert [fault.case_id for fault in done.faults] == ["a"]
    assert "a.jpg" in done.faults[0].detail
    assert not list((tmp_path / "out").rglob("a.*"))


def test_a_lesion_that_would_vanish_is_left_out(data: Path, tmp_path: Path) -> None:
    speck = np.zeros((400, 600), dtype=np.uint8)
    speck[200, 300] = 255
    Image.fromarray(speck).save(data / "masks" / "a.png")
    done = prepare(index_folder(data), data, tmp_path / "out", short_side_px=100)
    assert [fault.case_id for fault in done.faults] == ["a"]
    assert "The lesion of 1 px" in done.faults[0].detail


def test_a_dead_process_is_a_fault(
    manifest: Manifest, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(work: Callable[[Case], object], cases: Sequence[Case], **_: object) -> Iterator[tuple[Case, object]]:
        return ((case, None if case.id == "b" else work(case)) for case in cases)

    monkeypatch.setattr(f"{BATCH}.in_processes", dying)
    done = prepare(manifest, data, tmp_path / "out", short_side_px=100)
    assert done.faults == (
        Fault("b", "The process that read images/b.png died: memory ran out, or the file crashes its decoder."),
    )


def test_when_nothing_can_be_prepared_there_is_no_manifest(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    for path in (data / "images").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"None of the 3 cases can be prepared, first a: .*does not exist"):
        prepare(manifest, data, tmp_path / "out", short_side_px=100)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_second_run_makes_nothing(manifest: Manifest, data: Path, tmp_path: Path, prepared_ids: list[str]) -> None:
    first = prepare(manifest, data, tmp_path / "out", short_side_px=100)
    prepared_ids.clear()
    for path in data.rglob("*.*"):  # the originals may be gone by then
        path.unlink()
    again = prepare(manifest, data, tmp_path / "out", short_side_px=100)
    assert prepared_ids == []
    assert (again.n_ready, again.manifest) == (3, first.manifest)


def test_what_is_missing_or_changed_in_the_folder_is_made_again(
    manifest: Manifest, data: Path, tmp_path: Path, prepared_ids: list[str]
) -> None:
    out = tmp_path / "out"
    first = prepare(manifest, data, out, short_side_px=100).manifest
    (out / first.cases[0].image.path).unlink()
    (out / first.cases[1].annotations[0].mask.path).write_bytes(b"half a ma")
    prepared_ids.clear()
    assert prepare(manifest, data, out, short_side_px=100).manifest == first
    assert prepared_ids == ["a", "b"]


def test_another_original_under_the_same_id_is_made_anew(
    manifest: Manifest, data: Path, tmp_path: Path, prepared_ids: list[str]
) -> None:
    prepare(manifest, data, tmp_path / "out", short_side_px=100)
    photograph(200, 200).save(data / "images" / "c.jpg")
    Image.fromarray(np.full((200, 200), 255, dtype=np.uint8)).save(data / "masks" / "c.png")
    prepared_ids.clear()
    changed = prepare(index_folder(data), data, tmp_path / "out", short_side_px=100).manifest
    assert prepared_ids == ["c"]
    assert changed.cases[2].image.size_px == (100, 100)


def test_a_new_split_needs_no_new_picture(
    manifest: Manifest, data: Path, tmp_path: Path, prepared_ids: list[str]
) -> None:
    prepare(manifest, data, tmp_path / "out", short_side_px=100)
    prepared_ids.clear()
    other = replace(manifest, cases=tuple(replace(case, split="test") for case in manifest.cases))
    assert prepare(other, data, tmp_path / "out", short_side_px=100).manifest.counts["test"] == 3
    assert prepared_ids == []


def test_a_run_that_was_cut_off_goes_on(
    manifest: Manifest, data: Path, tmp_path: Path, prepared_ids: list[str]
) -> None:
    out = tmp_path / "out"
    whole = prepare(manifest, data, out, short_side_px=100).manifest
    journal = out / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:2]) + lines[2][:40])  # the header, a, and half a line
    half = out / "images" / "ca" / ".writing-half.jpg"
    half.write_bytes(b"half a picture")
    prepared_ids.clear()
    assert prepare(manifest, data, out, short_side_px=100).manifest == whole
    assert prepared_ids == ["b", "c"]
    assert not half.exists()
    assert journal.read_text() == "".join(lines)


def test_a_folder_of_another_size_is_refused(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    prepare(manifest, data, tmp_path / "out", short_side_px=100)
    with pytest.raises(DataError, match=r"short_side_px 100, not rule 1, short_side_px 50.* Choose another folder"):
        prepare(manifest, data, tmp_path / "out", short_side_px=50)


def test_a_folder_of_other_things_is_refused_and_left_alone(manifest: Manifest, data: Path) -> None:
    before = sorted(data.rglob("*"))
    with pytest.raises(DataError, match="is not empty and was not made by `dermaseg data prepare`"):
        prepare(manifest, data, data, short_side_px=100)
    assert sorted(data.rglob("*")) == before


def test_one_process_at_a_time_works_in_a_folder(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    prepare(manifest, data, tmp_path / "out", short_side_px=100)
    with (tmp_path / "out" / "journal.jsonl").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="Another process prepares pictures in"):
            prepare(manifest, data, tmp_path / "out", short_side_px=100)


def test_too_little_space_is_said_before_anything_is_made(
    manifest: Manifest, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared_ids: list[str]
) -> None:
    # 100 x 150 px of JPEG, 150 x 100 and 40 x 60 px of PNG, 1 and 3 bytes each, and 0.1 for the mask
    monkeypatch.setattr(
        "dermaseg_monai.manifest.preparation.space.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10_000})
    )
    with pytest.raises(DataError, match=r"3 cases need up to 70\.4 kB, 10\.0 kB are free in .*out"):
        prepare(manifest, data, tmp_path / "out", short_side_px=100)
    assert prepared_ids == []


def test_a_disk_that_fills_up_stops_the_batch_and_keeps_what_is_done(
    manifest: Manifest, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared_ids: list[str]
) -> None:
    write = files.write_rgb

    def full(path: Path, rgb: np.ndarray) -> None:
        if path.stem == "b":
            raise DataError("No space left.") from OSError(28, "No space left on device")
        write(path, rgb)

    monkeypatch.setattr(files, "write_rgb", full)
    with pytest.raises(DataError, match="No space left"):
        prepare(manifest, data, tmp_path / "out", short_side_px=100)
    monkeypatch.setattr(files, "write_rgb", write)
    prepared_ids.clear()
    assert prepare(manifest, data, tmp_path / "out", short_side_px=100).n_ready == 1
    assert prepared_ids == ["b", "c"]


def test_an_id_that_is_no_file_name_costs_its_own_case_alone(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    long = replace(manifest.cases[1], id="x" * 300)
    done = prepare(replace(manifest, cases=(manifest.cases[0], long)), data, tmp_path / "out", short_side_px=100)
    assert [fault.case_id for fault in done.faults] == ["x" * 300]


def test_volumes_are_refused(manifest: Manifest, data: Path, tmp_path: Path) -> None:
    volume = replace(manifest.cases[0], image=FileRecord("a.nii.gz", "0" * 64, shape_vox=(4, 4, 4)))
    with pytest.raises(DataError, match="1 cases of big are volumes, first a"):
        prepare(replace(manifest, cases=(volume,)), data, tmp_path / "out", short_side_px=100)


def test_a_manifest_of_originals_says_nothing_of_an_origin(manifest: Manifest) -> None:
    assert "prepared_from" not in manifest.to_json()
    assert all("original_size_px" not in case["image"] for case in manifest.to_json()["cases"])
