import configparser
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"


@dataclass(frozen=True)
class Stage:
    base: str
    lines: tuple[tuple[str, str], ...]

    def last(self, instruction: str) -> str | None:
        found = [rest for word, rest in self.lines if word == instruction]
        return found[-1] if found else None


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    text = re.sub(r"^\s*#.*\n", "", (DOCKER / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", " ", text)
    found: dict[str, Stage] = {}
    for block in re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]:
        head, *lines = [line for line in block.splitlines() if line.strip()]
        base, name = re.fullmatch(r"(\S+) AS (\S+)", head).groups()  # pyright: ignore[reportOptionalMemberAccess]
        words = tuple((line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines)
        found[name] = Stage(base, words)
    return found


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def version() -> str:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return setup["metadata"]["version"]


def chain(stages: dict[str, Stage], name: str) -> list[Stage]:
    """Return a stage and those it builds on, the stage itself first."""
    stage = stages[name]
    return [stage, *chain(stages, stage.base)] if stage.base in stages else [stage]


def inherited(stages: dict[str, Stage], name: str, instruction: str) -> str | None:
    return next((found for stage in chain(stages, name) if (found := stage.last(instruction))), None)


def test_compose_file_follows_the_compose_schema() -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema (extra dev) is absent")
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    check.append(str(DOCKER / "compose.yaml"))
    done = subprocess.run(check, check=False, capture_output=True, text=True)  # noqa: S603 (fixed command)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("target", ["cpu", "cuda", "mlflow"])
def test_a_target_runs_as_an_ordinary_user_with_entry_point_and_health_check(
    stages: dict[str, Stage], target: str
) -> None:
    assert inherited(stages, target, "USER") == "dermaseg"
    entry = {"cpu": '["dermaseg"]', "cuda": '["dermaseg"]', "mlflow": '["mlflow"]'}
    assert inherited(stages, target, "ENTRYPOINT") == entry[target]
    assert "CMD [" in str(stages[target].last("HEALTHCHECK"))


def test_the_only_foreign_base_is_pinned_by_a_full_version(stages: dict[str, Stage]) -> None:
    assert {stage.base for stage in stages.values()} - set(stages) == {"python:${PYTHON_TAG}"}
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG PYTHON_TAG=3\.1[123]\.\d+-slim-[a-z]+$", text, flags=re.MULTILINE)


def test_every_installation_in_the_images_is_constrained(stages: dict[str, Stage]) -> None:
    lines = [line for stage in stages.values() for word, line in stage.lines if word == "RUN" and "pip install" in line]
    assert len(lines) == 4
    for line in lines:
        assert "--constraint /tmp/constraints.txt" in line or "grep -E '^torch=='" in line


def test_what_the_images_copy_is_let_in_and_nothing_private_is(stages: dict[str, Stage]) -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    assert {"bundles", "constraints.txt", "data_manifests", "dermaseg_monai", "setup.cfg", "pyproject.toml"} <= let_in
    assert not let_in & {".git", ".env", "docker", "data", "runs", "mlflow.db", ".venv"}
    copied = {line.split()[0] for stage in stages.values() for word, line in stage.lines if word == "COPY"}
    assert copied - {".", "--from=wheel"} <= let_in


def test_image_tags_carry_the_version_of_the_package(compose: dict, version: str) -> None:
    ours = {name: service["image"] for name, service in compose["services"].items() if "build" in service}
    assert ours == {
        "mlflow": f"dermaseg-mlflow:{version}",
        "trainer": f"dermaseg-cpu:{version}",
        "trainer-cuda": f"dermaseg-cuda:{version}",
    }
    assert re.fullmatch(r"postgres:\d+\.\d+-[a-z]+", compose["services"]["postgres"]["image"])


def test_services_build_targets_that_exist(compose: dict, stages: dict[str, Stage]) -> None:
    built = [service["build"] for service in compose["services"].values() if "build" in service]
    assert {build["target"] for build in built} == {"cpu", "cuda", "mlflow"} <= set(stages)
    assert all((DOCKER / build["context"] / build["dockerfile"]).is_file() for build in built)


def test_ports_are_published_on_this_computer_only_and_the_database_not_at_all(compose: dict) -> None:
    ports = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert {name for name, published in ports.items() if published} == {"mlflow"}
    assert all(port.startswith("127.0.0.1:") for port in ports["mlflow"])
    assert compose["networks"]["store"]["internal"] is True
    assert compose["services"]["postgres"]["networks"] == ["store"]


def test_no_service_gains_privileges(compose: dict) -> None:
    for service in compose["services"].values():
        assert "no-new-privileges:true" in service["security_opt"]
        assert not service.get("privileged", False)


def test_variables_of_the_compose_file_are_in_the_example_and_none_is_a_secret() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (DOCKER / "compose.yaml").read_text(encoding="utf-8")))
    lines = (DOCKER / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(example) == used
    assert example["POSTGRES_PASSWORD"] == ""


def test_the_trainer_writes_where_its_user_may(stages: dict[str, Stage], compose: dict) -> None:
    made = " ".join(line for word, line in stages["cpu"].lines if word == "RUN")
    for volume in compose["services"]["trainer"]["volumes"]:
        place = volume.removesuffix(":ro").rsplit(":", 1)[1]
        assert volume.endswith(":ro") or f" {place}" in made
