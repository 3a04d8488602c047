"""Train two epochs with an overlay and write the labels seen to OUT/labels.json: labels_seen.py OVERLAY OUT."""

import json
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from monai.bundle import ConfigWorkflow

CONFIGS = Path("bundles/ba_deeplab/configs")


def labels_seen(overlay: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the readers drawn in every epoch by case, the levels of training and of validation labels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sheets = [str(CONFIGS / "train.json"), str(CONFIGS / overlay)]
        workflow = ConfigWorkflow(config_file=sheets, workflow_type="train", device="cpu", seed=0, **values)
    workflow.initialize()
    drawn: dict[int, dict[str, str]] = defaultdict(dict)
    levels: dict[str, set[float]] = {"train": set(), "validation": set()}

    def note(engine: Engine) -> None:
        batch: Any = engine.state.batch
        paths = batch.get("label_path", [""] * len(batch["case_id"]))
        drawn[engine.state.epoch] |= {
            case: Path(path).parent.name for case, path in zip(batch["case_id"], paths, strict=True)
        }
        levels["train"] |= set(batch["label"].unique().tolist())

    def note_validation(engine: Engine) -> None:
        samples: Any = engine.state.batch
        levels["validation"] |= {level for sample in samples for level in sample["label"].unique().tolist()}

    workflow.trainer.add_event_handler(Events.ITERATION_COMPLETED, note)
    workflow.evaluator.add_event_handler(Events.ITERATION_COMPLETED, note_validation)
    workflow.run()
    workflow.finalize()
    found = {name: sorted(values) for name, values in levels.items()}
    return {"drawn": list(drawn.values()), "levels": found}


if __name__ == "__main__":
    out = Path(sys.argv[2])
    out.mkdir()
    seen = labels_seen(
        sys.argv[1],
        {
            "image_size": 64,
            "batch_size": 4,
            "max_epochs": 2,
            "output_dir": str(out),
            "tracking_uri": f"sqlite:///{out}/mlflow.db",
        },
    )
    (out / "labels.json").write_text(json.dumps(seen))
