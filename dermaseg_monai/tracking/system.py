"""How busy the machine is, sampled beside the training."""

import logging
import threading
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)


class SystemSampler:
    """Reads processor, memory, disk, network and (with nvidia-ml-py) GPU figures every `interval_s` in a thread.

    MLflow's own monitors read them, so that they appear under MLflow's names in its tab "System metrics"; its sampler
    is not used because that one ends for good when the server is away once.
    """

    def __init__(self, submit: Callable[[dict[str, float], int], None], *, interval_s: float, first_step: int) -> None:
        self._submit = submit
        self._interval_s = interval_s
        self.step = first_step
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="dermaseg-system", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the sample that is being taken."""
        self._stop.set()
        self._thread.join(timeout=2)

    def _work(self) -> None:
        try:
            monitors = _monitors()
            for monitor in monitors:
                # the first reading of a processor is the time since the last reading: none, so it is thrown away
                monitor.collect_metrics()
                monitor.clear_metrics()
            while not self._stop.wait(self._interval_s):
                values: dict[str, float] = {}
                for monitor in monitors:
                    monitor.collect_metrics()
                    values.update({f"system/{name}": value for name, value in monitor.aggregate_metrics().items()})
                    monitor.clear_metrics()
                self._submit(values, self.step)
                self.step += 1
        except Exception as error:  # noqa: BLE001 (a figure about the machine must not stop a training)
            logger.warning("System metrics are not logged: %r", error)


def _monitors() -> list[Any]:
    from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor  # noqa: PLC0415
    from mlflow.system_metrics.metrics.disk_monitor import DiskMonitor  # noqa: PLC0415
    from mlflow.system_metrics.metrics.gpu_monitor import GPUMonitor  # noqa: PLC0415
    from mlflow.system_metrics.metrics.network_monitor import NetworkMonitor  # noqa: PLC0415

    monitors: list[Any] = [CPUMonitor(), DiskMonitor(), NetworkMonitor()]
    try:
        monitors.append(GPUMonitor())
    except Exception as error:  # noqa: BLE001 (no nvidia-ml-py, or no NVIDIA GPU)
        logger.debug("GPU figures are not logged: %r", error)
    return monitors
