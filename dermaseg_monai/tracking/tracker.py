"""One run in MLflow, from its start to its true end."""

import atexit
import json
import logging
import os
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from torch import distributed

from dermaseg_monai.engines.resume_file import saved_extra
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import make_folder, read_object, write_json
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.tracking.courier import Courier
from dermaseg_monai.tracking.delivery import MLflowDelivery
from dermaseg_monai.tracking.entries import (
    Dataset,
    End,
    Entry,
    File,
    Metrics,
    Params,
    Picture,
    Start,
    Status,
    Text,
)
from dermaseg_monai.tracking.file_table import write_file_table
from dermaseg_monai.tracking.opening import TRAINING, checked_uri, opening
from dermaseg_monai.tracking.parameters import redact
from dermaseg_monai.tracking.process import StopSignal
from dermaseg_monai.tracking.pulse import Pulse
from dermaseg_monai.tracking.record import RunRecord, SheetLike, record_run
from dermaseg_monai.tracking.scalars import clean_name, scalars
from dermaseg_monai.tracking.source import run_parameters
from dermaseg_monai.tracking.spool import Spool, spool_name
from dermaseg_monai.tracking.system import SystemSampler

logger = logging.getLogger(__name__)

MODEL_FILES: Final = ("model.safetensors", "model.pt")
_PATIENCE_S: Final = 15.0
_UPLOAD_S: Final = 600.0
_HURRY_S: Final = 8.0
"""A stopped container is killed for good ten seconds after SIGTERM."""
_SYSTEM_INTERVAL_S: Final = 10.0


class MLflowTracker:
    """Logs one run. Made with the sheet, it does nothing until `start`; rank 0 alone logs.

    No method waits for MLflow or raises because of it, except that `end` waits for what is still unsent (15 s when the
    server does not answer). Every start is a new run, unless `resume` is a checkpoint whose run is still there.

    Args:
        tracking_uri: `sqlite:///.../mlflow.db`, another database, or the address of a server.
        experiment: made when absent.
        output_dir: the run's folder; run.json, pictures and what could not be sent are written there.
        run_name: None gives the bundle and the time.
        parent_run: MLflow's id of the run that this one is shown under (an ablation's), None for a run of its own.
        bundle: name of the bundle, None takes the experiment.
        sheet: the values the run was started with.
        manifest: path of the manifest of the data.
        resume: `last.ckpt` of the run to go on with; `load_state_dict` comes first.
        seed: for the record.
        system_interval_s: how often the machine is looked at.

    Raises:
        ConfigError: the address is none that MLflow 3 takes.
    """

    def __init__(  # noqa: PLR0913 (each is one key of the sheet)
        self,
        *,
        tracking_uri: str,
        experiment: str,
        output_dir: str | Path,
        run_name: str | None = None,
        parent_run: str | None = None,
        bundle: str | None = None,
        sheet: SheetLike | None = None,
        manifest: str | Path | None = None,
        resume: str | Path | None = None,
        seed: int | None = None,
        system_interval_s: float = _SYSTEM_INTERVAL_S,
    ) -> None:
        self.tracking_uri = checked_uri(tracking_uri)
        self.experiment = experiment
        self.output_dir = Path(output_dir)
        self.record: RunRecord | None = None
        self._run_name = run_name
        self._parent_run = parent_run
        self._bundle = bundle or experiment
        self._sheet = sheet
        self._manifest = manifest
        self._resume = resume
        self._seed = seed
        self._system_interval_s = system_interval_s
        self._figures: dict[str, float] = {}
        self._last_pictures: dict[str, Picture] = {}
        self._continued: dict[str, Any] | None = None
        self._delivery: MLflowDelivery | None = None
        self._courier: Courier | None = None
        self._pulse: Pulse | None = None
        self._sampler: SystemSampler | None = None
        self._job = TRAINING
        self._found_ns = 0
        self._signal = StopSignal()
        self._pid = os.getpid()

    @property
    def is_running(self) -> bool:
        """True between `start` and `end` on rank 0."""
        return self._courier is not None

    @property
    def run_id(self) -> str | None:
        """MLflow's id of the run; None until the server has answered."""
        return self._delivery.run_id if self._delivery is not None else None

    @property
    def view_command(self) -> str:
        """What a person types, or opens, to see the run; without a login that the address may hold."""
        address = redact(self.tracking_uri)
        return address if address.startswith("http") else f"mlflow ui --backend-store-uri {shlex.quote(address)}"

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps so that a resume goes on with this run and its best figures."""
        figures = dict(self._figures)
        if self._delivery is None:
            return {"run_id": None, "key": None, "system_step": 0, "figures": figures}
        start = self._delivery.start
        step = self._sampler.step if self._sampler is not None else 0
        return {
            "run_id": self.run_id,
            "key": start.continued_key or start.key,
            "system_step": step,
            "figures": figures,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the run of a checkpoint at the next `start`."""
        self._continued = dict(state)

    def start(self, *, device: str = "cpu", job: str = TRAINING) -> None:
        """Open the run and log what it is. Does nothing on other ranks or when the run is open.

        Args:
            device: what it runs on.
            job: what is done with the manifest: the context of the dataset in MLflow, and a word of the run's name. But
                for a training, which may be killed, `run.json` is written when the run has finished: the folder may
                hold an earlier prediction, and says whose masks and scores lie there until all of the new ones do.

        Raises:
            DataError: the run's folder cannot be written.
        """
        if self.is_running or _rank() != 0:
            return
        manifest = None if self._manifest is None else Manifest.load(self._manifest)
        record = record_run(bundle=self._bundle, sheet=self._sheet, manifest=manifest, device=device, seed=self._seed)
        self.record, self._job = record, job
        self._found_ns = self._written_ns()
        make_folder(self.output_dir)
        if self._continued is None and self._resume is not None:
            self._continued = saved_extra(self._resume)
        # the best epoch may lie before the resume; an older checkpoint keeps no figures
        self._figures = dict((self._continued or {}).get("figures") or {})
        start = opening(
            record,
            tracking_uri=self.tracking_uri,
            experiment=self.experiment,
            run_name=self._run_name,
            job=job,
            parent_run=self._parent_run,
            continued=self._continued,
        )
        spool = Spool(self.output_dir / spool_name(start.continued_key or start.key))
        # what an earlier part of this run could not send goes first; how that part ended is no longer of interest
        unsent = [entry for entry in spool.read_if_any() if not isinstance(entry, Start | End)]
        self._delivery = MLflowDelivery(self.tracking_uri, start)
        self._courier = Courier(self._delivery, spool)
        self._pulse = Pulse(self._delivery.give_sign_of_life)
        self._signal.hold()
        atexit.register(self._at_exit)
        for entry in (start, *unsent):
            self._submit(entry)
        self._submit(Params(run_parameters(record)))
        self._log_record(record, manifest)
        self._sampler = SystemSampler(
            lambda values, step: self.log_metrics(values, step=step),
            interval_s=self._system_interval_s,
            first_step=int((self._continued or {}).get("system_step") or 0),
        )

    def log_metrics(self, values: Mapping[str, Any], *, step: int) -> None:
        """Log numbers of one moment in one batch; what is no finite number is left out."""
        numbers = scalars(values)
        if numbers:
            self._submit(Metrics(numbers, step, _now_ms()))

    def log_text(self, text: str, path: str) -> None:
        """Log a small text as the artefact `path`."""
        self._submit(Text(path, text))

    def log_file(self, path: str | Path, folder: str | None = None) -> None:
        """Log a file of the run's folder as an artefact; it must stay there until the run has ended."""
        self._submit(File(str(Path(path).resolve()), folder))

    def log_picture(self, path: str | Path, *, key: str, step: int) -> None:
        """Log a PNG of the run's folder under `key`, one per step."""
        picture = Picture(str(Path(path).resolve()), clean_name(key), step, _now_ms())
        if step != 0:  # see `_log_results`
            self._last_pictures[picture.key] = picture
        self._submit(picture)

    def note_figures(self, values: Mapping[str, Any]) -> None:
        """Keep figures (the best scores) for the run record, which is written at the end."""
        self._figures.update(scalars(values))

    def end(self, status: Status) -> None:
        """Log the final files and close the run; afterwards the tracker may be started again, as a new run.

        Only FINISHED sends model files; a run that failed or was stopped says so first and within seconds.
        """
        courier = self._courier
        if courier is None or self._pid != os.getpid():
            return
        if self._sampler is not None:
            self._sampler.stop()
        if self.record is not None:
            self.record = replace(self.record, figures=dict(self._figures))
        is_new = self._job == TRAINING or self._written_ns() != self._found_ns
        if self.record is not None and (is_new or status == "FINISHED"):
            try:
                # an evaluation has written there what it was told `about`: the split, whether leaks were allowed
                self._write_record(self.record, beside=read_object(self.output_dir / "run.json"))
            except DataError as error:
                # the run ends for a reason of its own, which must not be hidden behind this one
                logger.warning("%s", error)
        if status == "FINISHED":
            self._log_results()
        courier.submit(End(status, _now_ms()), first=status != "FINISHED")
        self._courier = None
        atexit.unregister(self._at_exit)
        try:
            if status == "FINISHED":
                courier.close(patience_s=_PATIENCE_S, limit_s=_UPLOAD_S)
            else:
                courier.close(patience_s=_HURRY_S / 2, limit_s=_HURRY_S)
        finally:
            if self._pulse is not None:
                self._pulse.stop()
            self._signal.release()
            self._continued, self._resume = None, None

    def _log_results(self) -> None:
        # MLflow's page opens at step 0 and would show nothing there: a finished run opens with its last pictures
        for picture in self._last_pictures.values():
            self._submit(replace(picture, step=0))
        for name in MODEL_FILES:
            if (self.output_dir / name).is_file():
                self.log_file(self.output_dir / name, "model")

    def _log_record(self, record: RunRecord, manifest: Manifest | None) -> None:
        if self._job == TRAINING:
            self._write_record(record, beside={})
        else:
            self.log_text(json.dumps(record.to_json(), indent=2, ensure_ascii=False), "run.json")
        # what the run was when it began stays: MLflow would replace a file of the same name
        folder = "" if self._continued is None else f"resumed/{record.started_at.replace(':', '-')}/"
        if self._sheet is not None:
            if not folder or not (self.output_dir / "config.json").exists():
                write_json(self.output_dir / "config.json", record.config)
            self.log_text(json.dumps(record.config, indent=2, ensure_ascii=False), f"{folder}config.json")
            self.log_text(json.dumps(record.overrides, indent=2, ensure_ascii=False), f"{folder}overrides.json")
        if record.code.diff:
            self.log_text(record.code.diff, f"{folder}code.diff")
        packages = "".join(f"{name}=={version}\n" for name, version in record.packages.items())
        self.log_text(packages, f"{folder}packages.txt")
        if manifest is not None:
            table = self.output_dir / "manifest_files.csv"
            write_file_table(manifest, table)
            name = f"{manifest.name} {manifest.version}".strip()
            source = str(Path(str(self._manifest)).resolve())
            self._submit(Dataset(str(table.resolve()), name, manifest.digest[:32], source, self._job))

    def _written_ns(self) -> int:
        # what a prediction writes when it is whole says nothing of sheet and manifest: the record goes with it
        path = self.output_dir / "run.json"
        return path.stat().st_mtime_ns if path.is_file() else 0

    def _write_record(self, record: RunRecord, *, beside: Mapping[str, Any]) -> None:
        record.save(self.output_dir / "run.json", beside=beside)
        self.log_file(self.output_dir / "run.json")

    def _submit(self, entry: Entry) -> None:
        if self._courier is not None and self._pid == os.getpid():
            self._courier.submit(entry)

    def _at_exit(self) -> None:
        # the program ended in the middle of the run; Python keeps the exception that ended it, if one did
        ended_by = getattr(sys, "last_type", None)
        self.end("KILLED" if ended_by is None or issubclass(ended_by, KeyboardInterrupt) else "FAILED")


def _rank() -> int:
    # ignite's own rank may start a collective that other ranks do not take part in
    return distributed.get_rank() if distributed.is_available() and distributed.is_initialized() else 0


def _now_ms() -> int:
    return int(time.time() * 1000)
