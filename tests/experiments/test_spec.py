from pathlib import Path

import pytest

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.shipped import find_spec
from dermaseg_monai.experiments.spec import override, parse_value, read_spec

ROOT = Path(__file__).resolve().parents[2]
WHOLE = """
name: try
baseline: {network: deeplabv3}
common: {max_epochs: 2, learning_rate: 1e-4}
grid: {network: [deeplabv3, ba_deeplab], seed: [0, 1]}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "spec.yaml"
    path.write_text(text)
    return path


def test_a_spec_is_read_and_1e_4_is_a_number(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path, WHOLE))
    assert spec.grid == {"network": ("deeplabv3", "ba_deeplab"), "seed": (0, 1)}
    assert spec.common == {"max_epochs": 2, "learning_rate": 0.0001}
    assert (spec.name, spec.variants, spec.text) == ("try", {}, WHOLE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: try\ngird: {seed: [0]}", r"unknown key 'gird'\. Did you mean grid\?"),
        ("name: try\n", r"nothing to run: it has neither grid nor variants"),
        ("name: try\ngrid: {seed: []}", r"nothing to run: grid: seed is an empty list"),
        ("name: try\ngrid: {seed: [0, 1, 0]}", r"two equal runs: grid: seed has 0 twice"),
        ("name: try\ngrid: {seed: 3}", r"seed is 3; expected a list, as in `seed: \[3\]`"),
        ("name: try\ngrid: {a: [[1], [2]]}", r"values that belong together go into variants"),
        ("name: a b\ngrid: {seed: [0]}", r"name is 'a b'"),
        ("name: try\ncommon: 3\ngrid: {seed: [0]}", r"common is 3; expected keys with values"),
        ("name: try\nvariants: {a: 3}", r"variants: a is 3; expected keys with values"),
        ("name: try\nbaseline: {seed: 0}\ngrid: {seed: [0]}", r"unknown axis of the baseline 'seed'"),
        (
            "name: try\nbaseline: {loss: ce_dise}\ngrid: {loss: [ce_dice]}",
            r"loss of the baseline 'ce_dise'\. Did you mean ce_dice",
        ),
        ("name: try\nname: again\n", r"line 2 is no YAML: the key 'name' stands twice"),
        ("name: try\na: &x 1\nb: *x\n", r"line 3 is no YAML: an alias"),
        ("[" * 20_000, "is no YAML"),
        ("name: [", r"is no YAML"),
        ("- 3", r"holds no keys"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_spec(write(tmp_path, text))


@pytest.mark.parametrize(
    ("axis", "value", "found"),
    [
        ("[1, 2]", "1.0", 1),
        ("[0.0003, 1e-3]", '"3e-4"', 0.0003),
        ("[3e-4, 1e-3]", "0.0003", 0.0003),
        ("[true, false]", '"true"', True),
        ('["1", other]', "1", "1"),
        ("[2, true]", "true", True),
    ],
)
def test_a_baseline_is_compared_by_value(tmp_path: Path, axis: str, value: str, found: object) -> None:
    spec = read_spec(write(tmp_path, f"name: try\nbaseline: {{a: {value}}}\ngrid: {{a: {axis}}}"))
    assert spec.baseline["a"] == found
    assert type(spec.baseline["a"]) is type(found)


def test_another_number_is_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown a of the baseline '0\.002'"):
        read_spec(write(tmp_path, "name: try\nbaseline: {a: 0.002}\ngrid: {a: [0.001]}"))


def test_a_value_of_the_evaluation_is_changed(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path, f"{WHOLE}evaluate: {{split: test, threshold: 0.5}}\n"))
    changed = override(spec, {"evaluate#split": "val", "evaluate#overlays": ["single_view"]})
    assert changed.evaluate == {"split": "val", "threshold": 0.5, "overlays": ["single_view"]}
    assert changed.common == spec.common


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot read the spec .*none\.yaml"):
        read_spec(tmp_path / "none.yaml")


def test_an_option_changes_an_axis_or_a_common_value(tmp_path: Path) -> None:
    spec = override(read_spec(write(tmp_path, WHOLE)), {"seed": [7], "network": "ba_deeplab", "max_epochs": 1})
    assert spec.grid == {"network": ("ba_deeplab",), "seed": (7,)}
    assert spec.common["max_epochs"] == 1


def test_an_option_chooses_variants_that_are_there(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path, "name: try\nvariants: {whole: {}, half: {a: 1}}"))
    assert spec.grid == {"variant": ("whole", "half")}
    assert override(spec, {"variant": ["half"]}).grid == {"variant": ("half",)}
    with pytest.raises(ConfigError, match=r"unknown variant 'halve'\. Did you mean half\?"):
        override(spec, {"variant": "halve"})


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("1e-4", 1e-4), ("true", True), ("null", None), ("[0, 1]", [0, 1]), ("a/b.json", "a/b.json")],
)
def test_a_value_on_the_command_line_is_read_as_in_a_spec(text: str, value: object) -> None:
    assert parse_value(text) == value


def test_a_shipped_spec_is_found_by_name_and_a_wrong_name_gets_the_nearest() -> None:
    assert find_spec("loss") == ROOT / "ablations" / "loss.yaml"
    assert find_spec("any/where.yaml") == Path("any/where.yaml")
    with pytest.raises(ConfigError, match=r"unknown ablation 'los'\. Did you mean loss\?"):
        find_spec("los")
