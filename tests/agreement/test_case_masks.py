"""Which grid counts where the outlines of a case do not share one."""

from pathlib import Path

from dermaseg_monai.agreement import ReadCase, Reading
from dermaseg_monai.agreement.case_masks import read_case_masks
from tests.agreement.conftest import Write

SMALL = (30, 40)


def three(write: Write) -> tuple[Reading, ...]:
    odd = Reading("odd", write("odd.png", slice(2, 9), shape=SMALL))
    return (odd, *(Reading(who, write(f"{who}.png", slice(2, 9))) for who in ("a", "b")))


def kept(case: ReadCase) -> list[str]:
    return [reading.annotator for reading in read_case_masks(case).readings]


def test_the_size_that_most_outlines_have_counts_and_not_the_first(write: Write) -> None:
    found = read_case_masks(ReadCase("c", three(write)))
    assert [reading.annotator for reading in found.readings] == ["a", "b"]
    (line,) = found.failures
    assert line == "c: the mask of odd is 30 x 40, that of a 40 x 60 (odd.png). Outlines of one case need one grid."


def test_of_equally_many_the_first_counts(write: Write) -> None:
    assert kept(ReadCase("c", three(write)[:2])) == ["odd"]


def test_a_photograph_decides_against_the_majority(write: Write) -> None:
    picture = write("photograph.png", slice(0, 3), shape=SMALL)
    assert kept(ReadCase("c", three(write), image=picture)) == ["odd"]
    lost = read_case_masks(ReadCase("c", three(write), image=picture)).failures
    assert "the mask of a is 40 x 60, its picture 30 x 40" in lost[0]


def test_the_size_in_the_manifest_counts_where_the_photograph_is_away(write: Write, tmp_path: Path) -> None:
    assert kept(ReadCase("c", three(write), image=tmp_path / "gone.jpg", grid=SMALL)) == ["odd"]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    assert kept(ReadCase("c", three(write), image=broken)) == ["a", "b"]
