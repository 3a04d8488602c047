#!/usr/bin/env bash
# The study on ISIC 2018 Task 1: losses, learning rates, networks and first weights; more words go to every ablation.
# Usage: ISIC2018_ROOT=DIR [HAM10000_ROOT=DIR] scripts/run_full_isic_ablation.sh [OPTIONS of dermaseg ablate]
#   ISIC2018_ROOT  folder of the set with manifest.json in it (dermaseg data index isic2018 --root DIR --out DIR/manifest.json)
#   HAM10000_ROOT  the same for HAM10000; without it the transfer ablation is left out
# The same command goes on after a stop. Exit code 1 when a run of any ablation failed.
set -uo pipefail
: "${ISIC2018_ROOT:?Set ISIC2018_ROOT to the folder that holds the images and manifest.json.}"
data=(--manifest "$ISIC2018_ROOT/manifest.json" --dataset-dir "$ISIC2018_ROOT")
code=0
for name in loss learning_rate networks; do
  dermaseg ablate "$name" "${data[@]}" "$@" || code=1
done
if [[ -n ${HAM10000_ROOT:-} ]]; then
  first=(--set "first#manifest=$HAM10000_ROOT/manifest.json" --set "first#dataset_dir=$HAM10000_ROOT")
  dermaseg ablate transfer "${data[@]}" "${first[@]}" "$@" || code=1
else
  echo "HAM10000_ROOT is not set: the transfer ablation is left out." >&2
fi
exit "$code"
