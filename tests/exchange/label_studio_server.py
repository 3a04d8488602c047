"""Label Studio's own server, on this machine alone, with accounts that sign up as people do."""

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import requests

from tests.local_server import free_port, wait_until_up

PROGRAM = Path(__file__).parents[2] / ".label_studio" / "bin" / "label-studio"
PASSWORD = "a long enough one 7"  # noqa: S105 (of accounts that live for a test)
_QUIET = {
    "COLLECT_ANALYTICS": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
}


class Account:
    """Somebody who is logged in."""

    def __init__(self, url: str, email: str, *, invitation: str | None) -> None:
        self.url, self.email = url, email
        self.session = requests.Session()
        page = f"{url}/user/login/" if invitation is None else f"{url}/user/signup/?token={invitation}"
        form = self.session.get(page, timeout=60).text
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert found is not None, form[:500]
        words = {"email": email, "password": PASSWORD, "csrfmiddlewaretoken": found.group(1)}
        self.session.post(page, data=words, headers={"Referer": page}, timeout=60).raise_for_status()
        self.session.headers["X-CSRFToken"] = str(self.session.cookies.get("csrftoken"))
        self.session.headers["Referer"] = url
        self.number = int(self._json("GET", "/api/current-user/whoami")["id"])
        self.token = str(self._json("POST", "/api/token/")["token"])

    def close(self) -> None:
        """Leave."""
        self.session.close()

    def invitation(self) -> str:
        """Return the word with which others may sign up."""
        return str(self._json("GET", "/api/invite")["token"])

    def annotate(self, task: int, result: list[dict[str, object]], *, was_cancelled: bool = False) -> None:
        """Submit an annotation, or skip the task, as the labelling page does."""
        body = {"result": result, "lead_time": 12.5, "was_cancelled": was_cancelled}
        self._json("POST", f"/api/tasks/{task}/annotations/", body)

    def _json(self, verb: str, path: str, body: Any = None) -> dict[str, Any]:  # noqa: ANN401 (what json takes)
        answer = self.session.request(verb, self.url + path, json=body, timeout=60)
        assert answer.ok, (path, answer.status_code, answer.text[:500])
        return answer.json()


class Server:
    """`label-studio start` with SQLite in a folder, in a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        owner = ["--username", "owner@example.org", "--password", PASSWORD]
        place = ["--internal-host", "127.0.0.1", "--port", str(self.port), "--data-dir", str(folder / "data")]
        with (folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                [str(PROGRAM), "start", "--no-browser", *place, *owner],
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOME": str(folder), **_QUIET},
            )

    def wait(self) -> None:
        """Return when it answers; making its tables takes half a minute."""
        wait_until_up(f"{self.url}/health", self.process, self.folder / "server.log", patience_s=300)

    def stop(self) -> None:
        """End it and all that it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
