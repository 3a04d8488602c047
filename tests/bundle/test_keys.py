import pytest

from dermaseg_monai.bundle.keys import check_overrides
from dermaseg_monai.errors import ConfigError

KNOWN = ["max_epochs", "amp", "device", "train", "train::dataset", "train::dataset::cache_rate"]


def test_a_known_key_with_a_fitting_value_passes() -> None:
    check_overrides({"max_epochs": 3, "train#dataset#cache_rate": 0.5, "device": "cpu"}, KNOWN)


def test_an_unknown_key_names_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"Unknown key --epoch \(value 9\).*Did you mean --max_epochs\?"):
        check_overrides({"epoch": 9}, KNOWN)


def test_a_key_that_resembles_nothing_gets_the_list() -> None:
    for key in ("zzzzqqq", "gpu", "lr"):
        with pytest.raises(ConfigError, match=r"Known keys: amp, device, max_epochs, train\."):
            check_overrides({key: 1}, KNOWN)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("max_epochs", "many", "whole number of at least 1"),
        ("max_epochs", 0, "whole number of at least 1"),
        ("max_epochs", True, "whole number of at least 1"),
        ("amp", "yes", "one of off, bf16, fp16"),
        ("device", 0, "cpu, cuda or cuda:N"),
    ],
)
def test_a_value_of_the_wrong_kind_says_what_is_expected(key: str, value: object, expected: str) -> None:
    with pytest.raises(ConfigError, match=rf"--{key} is {value!r} .*expected.*{expected}"):
        check_overrides({key: value}, KNOWN)


def test_what_monai_keeps_for_itself_is_not_judged() -> None:
    check_overrides({"config_file": "train.json", "run_id": "training"}, KNOWN)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [("plane", "top", "one of sagittal, coronal, axial"), ("neighbours", -1, "a whole number of at least 0")],
)
def test_slices_are_cut_in_a_plane_that_is_there(key: str, value: object, expected: str) -> None:
    with pytest.raises(ConfigError, match=f"--{key} is {value!r} .*{expected}"):
        check_overrides({key: value}, ["plane", "neighbours"])


@pytest.mark.parametrize(("key", "value"), [("run_name", 5), ("images", ("x", "y")), ("experiment", 2024)])
def test_a_text_that_looks_like_a_number_or_a_list_is_to_be_quoted(key: str, value: object) -> None:
    with pytest.raises(
        ConfigError, match=rf"If it is a text, quote it, on the command line twice: --{key} '\"\.\.\.\"'\."
    ):
        check_overrides({key: value}, [key])
