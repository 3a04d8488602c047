#!/usr/bin/env bash
# Install the wheel without extras into an empty folder and use it there: imports, command, a training of one epoch
# with every bundle that trains.
# Usage: scripts/check_wheel.sh DIST CONSTRAINTS FOLDER
#   DIST         folder with one dermaseg_monai wheel
#   CONSTRAINTS  the project's constraints.txt
#   FOLDER       a new folder, which keeps the environment and what the commands write
set -euo pipefail
dist=$(realpath "$1")
constraints=$(realpath "$2")
mkdir "$3"
cd "$3"
python3 -m venv venv
bin=$PWD/venv/bin
"$bin/python" -m pip install --quiet "$(grep -E '^torch==' "$constraints")"
"$bin/python" -m pip install --quiet --constraint "$constraints" "$dist"/dermaseg_monai-*.whl
"$bin/python" -m pip check
mkdir use
cd use
"$bin/python" - <<'PYTHON'
import importlib
import pkgutil
import sys

import dermaseg_monai

assert "torch" not in sys.modules, "import dermaseg_monai loads torch"
for room in pkgutil.iter_modules(dermaseg_monai.__path__):
    if room.name != "__main__":
        importlib.import_module(f"dermaseg_monai.{room.name}")
assert "site-packages" in dermaseg_monai.__file__, f"not the installed copy: {dermaseg_monai.__file__}"
PYTHON
"$bin/dermaseg" --help > help.txt
bundles=$("$bin/dermaseg" bundle path ba_deeplab)/..
for sheet in "$bundles"/*/configs/train.json; do
    bundle=$(basename "$(dirname "$(dirname "$sheet")")")
    test "$("$bin/dermaseg" bundle path "$bundle")/configs/train.json" -ef "$sheet"
    "$bin/python" -m monai.bundle run training --config_file "$sheet" --max_epochs 1 --image_size 32
    test -s "$(find "runs/$bundle" -name model.safetensors -print -quit)"
done
echo "OK: the wheel works in $PWD"
