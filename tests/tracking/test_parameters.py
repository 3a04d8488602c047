from dermaseg_monai.tracking.parameters import parameters, redact

SHEET = {
    "max_epochs": 12,
    "encoder": "mobilenet_v2",
    "resume": None,
    "keys": ["image", "label"],
    "tracking_uri": "https://anna:hunter2@host:5000",
    "network_def": {"_target_": "dermaseg_monai.networks.BADeepLabV3", "encoder": "@encoder", "stride": 16},
    "network": {"_target_": "dermaseg_monai.engines.to_device", "network": "@network_def", "resume": "@resume"},
    "train": {"handlers": [{"_target_": "A"}], "steps": "@max_epochs"},
    "initialize": ["@sheet", {"_target_": "B"}],
}


def test_plain_values_and_arguments_of_components_become_parameters() -> None:
    found = parameters(SHEET)
    assert found["max_epochs"] == "12"
    assert found["network_def"] == "BADeepLabV3"
    assert found["network_def/encoder"] == "mobilenet_v2"
    assert found["network/network"] == "@network_def"
    assert found["network/resume"] == "null"
    assert found["keys"] == '["image", "label"]'


def test_lists_of_components_and_sections_are_left_to_the_config_file() -> None:
    assert not {name for name in parameters(SHEET) if name.startswith(("train", "initialize"))}


def test_logins_and_secrets_are_hidden() -> None:
    assert parameters(SHEET)["tracking_uri"] == "https://***@host:5000"
    assert redact({"api_key": "k", "deep": [{"password": "p"}], "n": 1}) == {
        "api_key": "***",
        "deep": [{"password": "***"}],
        "n": 1,
    }


def test_a_circle_of_references_ends() -> None:
    assert parameters({"a": "@b", "b": "@a"}) == {"a": "@b", "b": "@a"}


def test_a_long_value_is_cut_to_what_mlflow_stores() -> None:
    assert len(parameters({"a": "x" * 10_000})["a"]) == 500
