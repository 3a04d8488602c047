import json
import sys
from pathlib import Path

import pytest

from dermaseg_monai.bundle.sheet import Sheet, open_sheet, read_sheet
from dermaseg_monai.errors import ConfigError


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "train.json"
    path.write_text(
        json.dumps(
            {
                "max_epochs": 2,
                "manifest": "a.json",
                "initial_weights": None,
                "train": {"dataset": {"cache_rate": 1.0}},
                "training": [],
            }
        )
    )
    return path


@pytest.fixture(autouse=True)
def keep_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def command_line(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["/site-packages/monai/bundle/__main__.py", "run", "training", *words])


def test_overrides_and_nested_overrides_land_in_the_config(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command_line(monkeypatch, "--config_file", str(base), "--max_epochs", "5", "--train#dataset#cache_rate=0.5")
    sheet = open_sheet()
    assert sheet.config["max_epochs"] == 5
    assert sheet.config["train"]["dataset"]["cache_rate"] == 0.5
    assert sheet.files == (str(base),)


def test_a_relative_path_of_the_command_line_is_kept_absolute(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(base.parent)
    (base.parent / "m.json").touch()
    for key in ("manifest", "initial_weights"):
        assert read_sheet(["train.json"], {key: "m.json"}).config[key] == str(base.parent / "m.json")


def test_an_unknown_override_is_refused_before_anything_is_built(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command_line(monkeypatch, "--config_file", str(base), "--epoch", "9")
    with pytest.raises(ConfigError, match=r"--epoch.*Did you mean --max_epochs"):
        open_sheet()


def test_an_overlay_may_bring_components_but_no_unknown_value(base: Path) -> None:
    overlay = base.parent / "overlay.json"
    overlay.write_text(json.dumps({"max_epochs": 7, "loss": {"_target_": "DiceLoss"}}))
    assert read_sheet([str(base), str(overlay)], {}).config["max_epochs"] == 7
    overlay.write_text(json.dumps({"max_epoch": 7}))
    with pytest.raises(ConfigError, match=r"--max_epoch .*Did you mean --max_epochs"):
        read_sheet([str(base), str(overlay)], {})


def test_a_later_overlay_may_set_what_an_earlier_one_brought_and_no_other_way_round(base: Path) -> None:
    cache, own = base.parent / "disk_cache.json", base.parent / "own.json"
    cache.write_text(
        json.dumps({"cache_dir": {"_target_": "project_path"}, "train#dataset": {"_target_": "PersistentDataset"}})
    )
    own.write_text(json.dumps({"cache_dir": "/ssd", "train#dataset#_target_": "LMDBDataset"}))
    config = read_sheet([str(base), str(cache), str(own)], {}).config
    assert (config["cache_dir"], config["train"]["dataset"]) == ("/ssd", {"_target_": "LMDBDataset"})
    with pytest.raises(ConfigError, match=r"Unknown key --cache_dir \(value '/ssd'\)"):
        read_sheet([str(base), str(own), str(cache)], {})


def test_two_files_are_read_from_a_list_or_separated_by_a_comma(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overlay = base.parent / "overlay.json"
    overlay.write_text(json.dumps({"max_epochs": 7}))
    for spelled in (f"['{base}','{overlay}']", f"{base},{overlay}"):
        command_line(monkeypatch, "--config_file", spelled)
        assert open_sheet().config["max_epochs"] == 7


def test_a_misspelt_thing_to_run_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ["/site-packages/monai/bundle/__main__.py", "run", "trainnig", "--config_file", str(base)]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(ConfigError, match=r"nothing called trainnig to run\. Did you mean training\?"):
        open_sheet()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No config file .*nowhere\.json"):
        read_sheet([str(tmp_path / "nowhere.json")], {})


def test_a_workflow_built_from_python_has_an_empty_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pytest"])
    assert open_sheet() == Sheet()


@pytest.mark.parametrize("word", ["None", "null"])
def test_emptying_a_key_on_the_command_line_is_refused_with_the_way_to_do_it(
    base: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    command_line(monkeypatch, "--config_file", str(base), "--manifest", word)
    with pytest.raises(ConfigError, match=rf'--manifest {word} would not empty the key\. Write {{"manifest": null}}'):
        open_sheet()


def test_a_value_that_would_be_cut_at_a_hash_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command_line(monkeypatch, "--config_file", str(base), "--manifest", "study#2")
    with pytest.raises(ConfigError, match=r"""--manifest study#2 would be cut at the # to 'study'\. Quote it twice"""):
        open_sheet()
    command_line(monkeypatch, "--config_file", str(base), "--manifest", '"study#2"')
    assert open_sheet().config["manifest"] == "study#2"
