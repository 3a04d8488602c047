#!/usr/bin/env bash
# Slice by slice and 2.5D against 3D: draws volumes, trains four networks from random weights on the same volumes,
# scores them on the same test volumes in mm, and compares. 3D stands twice, at the working spacing of its bundle and at
# about that of the files, which is what the slices have: otherwise the comparison would be one of resolution.
# Usage: scripts/slices_against_volumes.sh OUT
#   OUT       folder for everything; what is there is not made again, so the same command goes on after a stop
#   VOLUMES   folder of a set of volumes with manifest.json [drawn: 32 volumes, seed 0]
#   EPOCHS_3D, EPOCHS_2D, WIDTHS, FILE_MM   epochs, channels of the 2D networks, spacing of the files (right, front, up)
#             [32, 8, [8,16,32,64], [0.14,0.26,0.105]]
set -euo pipefail
out=$(mkdir -p "${1:?Give a folder: scripts/slices_against_volumes.sh OUT}" && cd "$1" && pwd)
volumes=${VOLUMES:-$out/volumes}
widths=${WIDTHS:-[8,16,32,64]}
export MONAI_EVAL_EXPR=0
bundles=$(dirname "$(dermaseg bundle path unet3d)")
store="sqlite:///$out/mlflow.db"

train() { # NAME SHEET DATA VALUES...
    local name=$1 sheet=$2 data=$3
    shift 3
    [ -f "$out/$name/trained" ] && return
    rm -rf "${out:?}/$name"
    python -m monai.bundle run training --config_file "$sheet" --manifest "$data/manifest.json" --dataset_dir "$data" \
        --output_dir "$out/$name" --tracking_uri "$store" --experiment slices_against_volumes --run_name "$name" "$@"
    touch "$out/$name/trained"
}

evaluate() { # NAME SHEETS VALUES...
    local name=$1 sheets=$2
    shift 2
    [ -f "$out/$name/test/cases.csv" ] && return
    python -m monai.bundle run evaluating --config_file "$sheets" --manifest "$volumes/manifest.json" \
        --dataset_dir "$volumes" --weights "$out/$name/model.safetensors" --output_dir "$out/$name/test" \
        --tracking_uri "$store" --experiment slices_against_volumes --run_name "$name test" "$@"
}

[ -f "$volumes/manifest.json" ] || dermaseg data volumes --out "$volumes"
own=$bundles/unet3d/configs
train 3d "$own/train.json" "$volumes" --max_epochs "${EPOCHS_3D:-32}"
evaluate 3d "['$own/train.json','$own/evaluate.json']"
train 3d_fine "$own/train.json" "$volumes" --max_epochs "${EPOCHS_3D:-32}" --spacing_mm "${FILE_MM:-[0.14,0.26,0.105]}"
evaluate 3d_fine "['$own/train.json','$own/evaluate.json']"
for neighbours in 0 1; do
    slices=$out/slices_$neighbours
    name=$([ "$neighbours" = 0 ] && echo slices || echo 2.5d)
    [ -f "$slices/manifest.json" ] ||
        dermaseg data slices "$volumes/manifest.json" --out "$slices" --plane coronal --neighbours "$neighbours"
    train "$name" "$bundles/baselines/configs/train.json" "$slices" --max_epochs "${EPOCHS_2D:-8}" --image_size 64 \
        --network_def#widths "$widths"
    evaluate "$name" "['$own/train.json','$own/evaluate.json','$own/slices.json']" --plane coronal \
        --neighbours "$neighbours" --network_def#widths "$widths"
done
dermaseg compare "3D=$out/3d_fine/test" "3D at 0.2 mm=$out/3d/test" "slice by slice=$out/slices/test" \
    "2.5D=$out/2.5d/test" --out "$out/comparison"
