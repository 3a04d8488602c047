#!/usr/bin/env bash
# What each part of BA-DeepLabV3 is worth on ISIC 2018 Task 1; more words go to the ablation.
# Usage: ISIC2018_ROOT=DIR scripts/run_ba_component_ablation.sh [OPTIONS of dermaseg ablate]
#   ISIC2018_ROOT  folder of the set with manifest.json in it (dermaseg data index isic2018 --root DIR --out DIR/manifest.json)
# The same command goes on after a stop. Exit code 1 when a run failed.
set -euo pipefail
: "${ISIC2018_ROOT:?Set ISIC2018_ROOT to the folder that holds the images and manifest.json.}"
exec dermaseg ablate component --manifest "$ISIC2018_ROOT/manifest.json" --dataset-dir "$ISIC2018_ROOT" "$@"
