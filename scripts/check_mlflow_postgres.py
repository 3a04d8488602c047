"""Run docker/compose.yaml's MLflow server on a real PostgreSQL of this computer, without Docker.

A new cluster is made in a temporary folder, as a user that is not root, on a free port of 127.0.0.1. The server is
the command of the service `mlflow`, with host names, ports and folders changed to this computer's. A run with an
artefact is logged over HTTP and read back after a restart of the server. All is stopped and removed at the end.

Usage: `python scripts/check_mlflow_postgres.py`. Exit code 0: it works; 1: it does not; 77: something it needs is
absent, and the last line names it.
"""

import http.client
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import yaml

COMPOSE: Final = Path(__file__).resolve().parents[1] / "docker" / "compose.yaml"
SKIPPED: Final = 77
START_S: Final = 120
LOSSES: Final = [0.9, 0.5, 0.25]


class AbsentError(Exception):
    """Something this check needs is not installed."""


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL: its programs, folder, port and the password of the user `mlflow`."""

    programs: Path
    folder: Path
    port: int
    password: str
    user: str | None  # who runs it; None: whoever runs this script

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs and return what it prints."""
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            env={"PATH": os.environ["PATH"], "PGPASSWORD": self.password, "LC_ALL": "C.UTF-8"},
        )
        if done.returncode:
            raise RuntimeError(f"{program} ended with code {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def query(self, sql: str) -> str:
        """Return the answer to a query in the database `mlflow`, asked over TCP with the password."""
        address = ("--host=127.0.0.1", f"--port={self.port}", "--username=mlflow", "--dbname=mlflow")
        return self.run("psql", *address, "--no-password", "--tuples-only", "--no-align", f"--command={sql}")


def main() -> int:
    """Run the check and print what was found."""
    try:
        cluster = new_cluster()
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, cluster.folder)
            stack.enter_context(running(cluster))
            check(cluster, stack)
    except AbsentError as absent:
        print(f"SKIPPED: {absent}")
        return SKIPPED
    print("OK: a run with metrics and an artefact was logged over HTTP and read back after a restart of the server")
    return 0


def new_cluster() -> Cluster:
    """Say where the cluster will be and who runs it; makes its folder."""
    for module in ("mlflow", "psycopg2"):
        if find_spec(module) is None:
            raise AbsentError(f"the package {module} is absent. Install it: pip install -c constraints.txt '.[server]'")
    programs = postgres_programs()
    user = ordinary_user() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="mlflow_postgres_"))
    if user is not None:
        shutil.chown(folder, user, user)
    return Cluster(programs=programs, folder=folder, port=free_port(), password=secrets.token_hex(16), user=user)


def postgres_programs() -> Path:
    """Return the folder of `initdb`: on PATH, else where Debian puts the newest version."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not debian:
        raise AbsentError("PostgreSQL is absent (no initdb). On Debian: apt-get install postgresql")
    return debian[-1].parent


def ordinary_user() -> str:
    """Return a user to run PostgreSQL as, because it refuses root."""
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise AbsentError("PostgreSQL refuses to run as root, and there is no user postgres or nobody. Run as another user")


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(cluster: Cluster) -> Iterator[None]:
    """Make the cluster as the image `postgres` does, start it, and stop it at the end."""
    password_file = cluster.folder / "password"
    password_file.write_text(cluster.password, encoding="utf-8")
    if cluster.user is not None:
        shutil.chown(password_file, cluster.user, cluster.user)
    data, log = str(cluster.folder / "data"), str(cluster.folder / "postgres.log")
    access = ("--auth-host=scram-sha-256", "--auth-local=trust", "--username=mlflow", f"--pwfile={password_file}")
    cluster.run("initdb", f"--pgdata={data}", "--encoding=UTF8", "--no-sync", *access)
    password_file.unlink()
    options = f"-c listen_addresses=127.0.0.1 -c port={cluster.port} -c unix_socket_directories={cluster.folder}"
    cluster.run("pg_ctl", "start", f"--pgdata={data}", f"--log={log}", f"--options={options}", "--wait", "--silent")
    try:
        cluster.run("createdb", "--host=127.0.0.1", f"--port={cluster.port}", "--username=mlflow", "mlflow")
        cluster.run("pg_isready", "--host=127.0.0.1", f"--port={cluster.port}", *health_arguments())
        yield
    finally:
        cluster.run("pg_ctl", "stop", f"--pgdata={data}", "--mode=fast", "--wait", "--silent")


def health_arguments() -> list[str]:
    """Return what the health check of the service `postgres` passes to `pg_isready`."""
    return service("postgres")["healthcheck"]["test"][2:]


def check(cluster: Cluster, stack: ExitStack) -> None:
    """Log a run, restart the server, and compare what it gives back."""
    artifacts = cluster.folder / "artifacts"
    port = free_port()
    command = local_command(cluster, port=port, artifacts=artifacts)
    secret = {"PGPASSWORD": cluster.password}
    logs = cluster.folder / "mlflow.log"
    address = f"http://127.0.0.1:{port}"
    with server(command, secret=secret, port=port, logs=logs):
        check_hosts(port)
        run_id = log_run(address)
    points = cluster.query(f"SELECT count(*) FROM metrics WHERE run_uuid = '{run_id}'")  # noqa: S608 (our own id)
    expect("metric points in PostgreSQL", points, str(len(LOSSES)))
    expect("artefact files in the store", len([path for path in artifacts.rglob("*") if path.is_file()]), 1)
    with server(command, secret=secret, port=port, logs=logs):
        read_run(address, run_id, stack)


def service(name: str) -> dict:
    """Return one service of the compose file."""
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"][name]


def local_command(cluster: Cluster, *, port: int, artifacts: Path) -> list[str]:
    """Return the command of the service `mlflow` for this computer; each place to change must be there once."""
    command = "\n".join(service("mlflow")["command"])
    places = {
        "--host=0.0.0.0": "--host=127.0.0.1",
        "--port=5000": f"--port={port}",
        "@postgres:5432/": f"@127.0.0.1:{cluster.port}/",
        "=/mlflow/artifacts": f"={artifacts}",
        "--workers=2": "--workers=1",
    }
    for there, here in places.items():
        expect(f"'{there}' in the mlflow command of {COMPOSE}", command.count(there), 1)
        command = command.replace(there, here)
    return [sys.executable, "-m", "mlflow", *command.split("\n")]


@contextmanager
def server(command: Sequence[str], *, secret: Mapping[str, str], port: int, logs: Path) -> Iterator[None]:
    """Run the MLflow server until the block ends; its output goes to `logs`, shown when it fails."""
    environment = {**os.environ, **secret, "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    with logs.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment, cwd=logs.parent, start_new_session=True
        )
        try:
            wait_until_healthy(process, port)
            yield
        except BaseException:
            print(logs.read_text(encoding="utf-8")[-4000:], file=sys.stderr)
            raise
        finally:
            stop(process)


def wait_until_healthy(process: subprocess.Popen, port: int) -> None:
    """Ask `/health` until it answers, as the health check of the image does."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the MLflow server ended with code {process.returncode} before it answered")
        try:
            if status(port, "/health", host="127.0.0.1") == http.client.OK:
                return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"the MLflow server did not answer on port {port} within {START_S} s")


def stop(process: subprocess.Popen) -> None:
    """End the server and its workers, which are a process group of their own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def status(port: int, path: str, *, host: str) -> int:
    """Return the HTTP status of a request that names `host` as the server's name."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
    finally:
        connection.close()


def check_hosts(port: int) -> None:
    """The trainer's name for the server is let in, another name is not."""
    path = "/api/2.0/mlflow/experiments/get?experiment_id=0"
    expect("answer to the name mlflow:5000", status(port, path, host="mlflow:5000"), http.client.OK)
    expect("answer to the page as localhost:5000", status(port, "/", host="localhost:5000"), http.client.OK)
    expect("answer to an unknown name", status(port, path, host="elsewhere.example"), http.client.FORBIDDEN)


def log_run(address: str) -> str:
    """Log a run with parameter, metrics, tag and a text artefact; return its id."""
    from mlflow import MlflowClient  # noqa: PLC0415 (takes seconds, and may be absent)
    from mlflow.entities import Metric  # noqa: PLC0415

    client = MlflowClient(tracking_uri=address)
    experiment = client.create_experiment("check_mlflow_postgres")
    place = client.get_experiment(experiment).artifact_location
    if not place.startswith("mlflow-artifacts:"):
        raise RuntimeError(f"artefacts would bypass the server: {place}, expected mlflow-artifacts:...")
    run_id = client.create_run(experiment, tags={"bundle": "ba_deeplab"}).info.run_id
    client.log_param(run_id, "learning_rate", 0.001)
    client.log_batch(run_id, metrics=[Metric("loss", loss, 0, step) for step, loss in enumerate(LOSSES)])
    client.log_text(run_id, "threshold 0.5\n", "tables/summary.txt")
    client.set_terminated(run_id, "FINISHED")
    return run_id


def read_run(address: str, run_id: str, stack: ExitStack) -> None:
    """Read the run back and compare every part with what was logged."""
    from mlflow import MlflowClient  # noqa: PLC0415 (takes seconds, and may be absent)

    client = MlflowClient(tracking_uri=address)
    run = client.get_run(run_id)
    expect("status", run.info.status, "FINISHED")
    expect("parameters", run.data.params, {"learning_rate": "0.001"})
    expect("tag", run.data.tags.get("bundle"), "ba_deeplab")
    expect("losses", [point.value for point in client.get_metric_history(run_id, "loss")], LOSSES)
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    text = Path(client.download_artifacts(run_id, "tables/summary.txt", folder)).read_text(encoding="utf-8")
    expect("artefact", text, "threshold 0.5\n")


def expect(what: str, found: object, expected: object) -> None:
    """Stop with one line when a value is not the expected one."""
    if found != expected:
        raise RuntimeError(f"{what}: found {found!r}, expected {expected!r}")


if __name__ == "__main__":
    sys.exit(main())
