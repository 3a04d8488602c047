"""A task as it comes out of the Decathlon's archive, with drawn volumes."""

import json
import shutil
from pathlib import Path

from dermaseg_monai.data import make_volumes

N = 6


def make_task(parent: Path) -> Path:
    """Return the folder of a task: five labelled volumes, one to test on, and what macOS leaves."""
    drawn, task = make_volumes(parent / "drawn", n=N, seed=0).parent, parent / "Task11_Skin"
    names = [f"skin_{number:03d}.nii.gz" for number in range(N)]
    for part in ("imagesTr", "labelsTr", "imagesTs"):
        (task / part).mkdir(parents=True)
    for number, name in enumerate(names[:-1]):
        shutil.copy(drawn / "images" / f"volume_{number:04d}.nii.gz", task / "imagesTr" / name)
        shutil.copy(drawn / "masks" / f"volume_{number:04d}.nii.gz", task / "labelsTr" / name)
    shutil.copy(drawn / "images" / f"volume_{N - 1:04d}.nii.gz", task / "imagesTs" / names[-1])
    (task / "imagesTr" / f"._{names[0]}").write_bytes(b"Mac OS X")
    about = {
        "name": "Skin",
        "description": "Layered skin",
        "reference": "A hospital",
        "licence": "CC-BY-SA 4.0",
        "relase": "1.0 04/05/2018",
        "tensorImageSize": "3D",
        "modality": {"0": "US"},
        "labels": {"0": "background", "1": "lesion"},
        "numTraining": N - 1,
        "numTest": 1,
        "training": [{"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"} for name in names[:-1]],
        "test": [f"./imagesTs/{names[-1]}"],
    }
    (task / "dataset.json").write_text(json.dumps(about))
    return task
