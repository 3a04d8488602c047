from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Manifest

ROW = "|| {name} || || 0 || 0 | T | A | A | A | A || 4 ||\n"


def fetch(*words: str) -> str:
    done = CliRunner().invoke(app, ["data", "fetch", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def ph2(tmp_path: Path) -> Path:
    """A complete copy of PH2 in its layout, with pictures of 4 x 3 pixels."""
    root = tmp_path / "PH2Dataset"
    names = [f"IMD{number:03d}" for number in range(200)]
    Image.new("RGB", (4, 3), (120, 80, 70)).save(tmp_path / "image.bmp")
    Image.new("1", (4, 3), 1).save(tmp_path / "mask.bmp")
    image, mask = (tmp_path / "image.bmp").read_bytes(), (tmp_path / "mask.bmp").read_bytes()
    for name in names:
        case = root / "PH2 Dataset images" / name
        for kind, file, content in (("_Dermoscopic_Image", name, image), ("_lesion", f"{name}_lesion", mask)):
            (case / f"{name}{kind}").mkdir(parents=True)
            (case / f"{name}{kind}" / f"{file}.bmp").write_bytes(content)
    (root / "PH2_dataset.txt").write_text("".join(ROW.format(name=name) for name in names))
    return root


def test_ph2_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no folder .*none\. .*PH2 cannot be downloaded: .*Ask the ADDI proj"):
        fetch("ph2", "--root", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_half_a_copy_of_ph2_is_counted_and_the_way_on_is_said(ph2: Path) -> None:
    (ph2 / "PH2 Dataset images" / "IMD007").rename(ph2 / "away")
    with pytest.raises(DataError, match=r"holds 199 of 200 case folders.*PH2 cannot be downloaded"):
        fetch("ph2", "--root", str(ph2))
    assert not (ph2 / "ph2.json").exists()


def test_a_local_copy_of_ph2_is_indexed_verified_and_a_later_change_is_found(ph2: Path) -> None:
    said = fetch("ph2", "--root", str(ph2))
    assert said.startswith("PH2, dermoscopic image database of the ADDI project\nLicence: research and education only")
    assert "Please cite: Mendonça" in said
    assert "200 cases (0 train, 0 val, 200 test, 0 excluded), all files verified" in said
    assert len(Manifest.load(ph2 / "ph2.json").cases) == 200
    (ph2 / "PH2 Dataset images" / "IMD003" / "IMD003_lesion" / "IMD003_lesion.bmp").write_bytes(b"")
    done = CliRunner().invoke(app, ["data", "fetch", "ph2", "--root", str(ph2)])
    assert done.exit_code == 1
    assert "IMD003_lesion.bmp" in done.output


def test_a_set_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no set 'isic2019'; choose one of isic2016, .*ham10000, ph2\."):
        fetch("isic2019", "--root", str(tmp_path))


def test_parts_that_are_no_parts_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="isic2016 has the parts train, test, so --splits val does not fit"):
        fetch("isic2016", "--root", str(tmp_path), "--splits", "val")
