"""Write the first losses of the train sheet to OUT/losses.json: first_losses.py COUNT OUT."""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from monai.bundle import ConfigWorkflow

SHEET = "bundles/ba_deeplab/configs/train.json"


def first_losses(count: int, values: dict[str, Any]) -> list[float]:
    """Train as the sheet says for `count` iterations and return the loss of each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workflow = ConfigWorkflow(config_file=SHEET, workflow_type="train", device="cpu", seed=0, **values)
    workflow.initialize()
    trainer = workflow.trainer
    losses: list[float] = []

    def note(engine: Engine) -> None:
        state: Any = engine.state
        losses.append(float(state.output["loss"]))
        if len(losses) == count:
            engine.terminate()

    trainer.add_event_handler(Events.ITERATION_COMPLETED, note)
    trainer.run()
    return losses


if __name__ == "__main__":
    out = Path(sys.argv[2])
    out.mkdir()
    found = first_losses(
        int(sys.argv[1]),
        {"image_size": 64, "batch_size": 4, "output_dir": str(out), "tracking_uri": f"sqlite:///{out}/mlflow.db"},
    )
    (out / "losses.json").write_text(json.dumps(found))
