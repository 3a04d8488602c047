import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from monai.bundle import verify_metadata

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "tests" / "data" / "meta_schema_20240725.json"
BUNDLES = sorted(path.parents[1] for path in (ROOT / "bundles").glob("*/configs/metadata.json"))


@pytest.fixture(params=BUNDLES, ids=lambda path: path.name)
def bundle(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def metadata(bundle: Path) -> dict[str, Any]:
    return json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


@pytest.mark.filterwarnings("ignore:no hash_type provided", "ignore:.*hash.*:UserWarning")
def test_monai_verifies_the_metadata_without_a_network(bundle: Path) -> None:
    verify_metadata(meta_file=str(bundle / "configs" / "metadata.json"), filepath=str(SCHEMA))


def test_the_schema_names_monais_file_and_is_the_one_the_bundle_asks_for(metadata: dict[str, Any]) -> None:
    assert metadata["schema"].rsplit("/", 1)[1] == SCHEMA.name


@pytest.mark.parametrize(
    "key",
    [
        "schema", "version", "monai_version", "pytorch_version", "numpy_version", "required_packages_version", "task",
        "description", "authors", "copyright", "network_data_format",
    ],
)  # fmt: skip
def test_a_key_that_monai_requires_is_missed(metadata: dict[str, Any], schema: dict[str, Any], key: str) -> None:
    del metadata[key]
    with pytest.raises(jsonschema.ValidationError, match=f"'{key}' is a required property"):
        jsonschema.validate(metadata, schema)


@pytest.mark.parametrize(("key", "value"), [("num_channels", "three"), ("spatial_shape", 32), ("value_range", ["0"])])
def test_a_tensor_of_wrong_form_is_refused(
    metadata: dict[str, Any], schema: dict[str, Any], key: str, value: object
) -> None:
    metadata["network_data_format"]["inputs"]["image"][key] = value
    with pytest.raises(jsonschema.ValidationError, match="is not of type"):
        jsonschema.validate(metadata, schema)


def test_versions_are_those_of_the_pins(metadata: dict[str, Any], pins: dict[str, str]) -> None:
    assert metadata["monai_version"] == pins["monai"]
    assert metadata["pytorch_version"] == pins["torch"]
    assert metadata["numpy_version"] == pins["numpy"]
    others = {name: found for name, found in metadata["required_packages_version"].items() if name != "dermaseg_monai"}
    assert others == {name: pins[name] for name in others}


def test_the_version_is_in_the_changelog_and_is_the_packages(metadata: dict[str, Any]) -> None:
    assert metadata["version"] in metadata["changelog"]
    package = re.search(r"^version = (\S+)$", (ROOT / "setup.cfg").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert package is not None
    assert metadata["required_packages_version"]["dermaseg_monai"] == package[1]


def test_it_says_what_it_is_for(metadata: dict[str, Any]) -> None:
    assert "clinician's judgement" in metadata["intended_use"]
    assert "not a medical device" in metadata["intended_use"]


def test_no_text_holds_what_monais_parser_rewrites(bundle: Path) -> None:
    text = (bundle / "configs" / "metadata.json").read_text(encoding="utf-8")
    assert not re.search(r'"[^"]*#[^"]*"|"%|"\$', text)


def test_files_of_the_model_zoo_layout_are_there(bundle: Path) -> None:
    figures = ["docs/expected_figures.json"] if (bundle / "configs" / "train.json").is_file() else []
    for name in ("LICENSE", "configs/logging.conf", "docs/README.md", "docs/data_license.txt", *figures):
        assert (bundle / name).stat().st_size > 0, name


def test_logging_goes_to_the_terminal(bundle: Path) -> None:
    text = (bundle / "configs" / "logging.conf").read_text(encoding="utf-8")
    assert "args=(sys.stdout,)" in text
    assert "%(asctime)s - %(name)s - %(levelname)s - %(message)s" in text
