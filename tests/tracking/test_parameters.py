import time

import pytest

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


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://mlflow:pa/ss@db:5432/mlflow", "postgresql://***@db:5432/mlflow"),
        ("postgresql://mlflow:p?a#s/s@db/mlflow", "postgresql://***@db/mlflow"),
        ("postgresql://mlflow:5432/x@db/mlflow", "postgresql://***@db/mlflow"),
        ("postgresql://me@corp:pa/ss@db/mlflow", "postgresql://***@db/mlflow"),
        ("http://anna:hun@ter@host:5000", "http://***@host:5000"),
        ("https://token@host/path", "https://***@host/path"),
        ("postgresql://db/mlflow?user=anna&password=hunter2&x=1", "postgresql://db/mlflow?user=anna&password=***&x=1"),
        (
            "postgresql://db:5432/mlflow?user=anna&password=hun@ter2",
            "postgresql://db:5432/mlflow?user=anna&password=***",
        ),
        ("mssql+pyodbc://db/m?pwd=hunter2", "mssql+pyodbc://db/m?pwd=***"),
        ("https://host:5000?sslPassword=a", "https://host:5000?sslPassword=***"),
        ("GET http://a:b@one/x?to=http://c:d@two: timed out", "GET http://***@one/x?to=http://***@two: timed out"),
    ],
)
def test_a_login_is_hidden_whatever_the_password_holds(address: str, shown: str) -> None:
    assert redact(address) == shown


@pytest.mark.parametrize(
    "harmless",
    [
        "sqlite:////home/anna@clinic.org/mlflow.db",
        "http://host:5000/files/anna@clinic.org",
        "https://host:5000?mail=anna@clinic.org",
        "http://host/a:b@c",
        "/data/a:b/anna@clinic.org/masks",
        "see http://host:5000 or write to anna@clinic.org",
    ],
)
def test_what_is_no_login_stays(harmless: str) -> None:
    assert redact(harmless) == harmless


def test_a_circle_of_references_ends() -> None:
    assert parameters({"a": "@b", "b": "@a"}) == {"a": "@b", "b": "@a"}


def test_a_long_value_is_cut_to_what_mlflow_stores() -> None:
    assert len(parameters({"a": "x" * 10_000})["a"]) == 500


def test_a_secret_in_a_query_is_hidden_at_any_depth_and_a_long_text_takes_no_time() -> None:
    assert redact("http://a/?b=http://c?password=d&e=f") == "http://a/?b=http://c?password=***&e=f"
    assert redact("x?my_TOKEN_2=a?b&c=d") == "x?my_TOKEN_2=***&c=d"
    started = time.perf_counter()
    redact("?token" * 20_000)
    assert time.perf_counter() - started < 1
