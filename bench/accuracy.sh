#!/bin/bash
# The accuracy figure: trains the built-in algorithm on bicycles and motorcycles with default
# settings (only what every job must give) and counts right answers on ALL test pictures.
#
#   bench/accuracy.sh [-b BUILD_DIR] [-d CIFAR100_ARCHIVE] [-s "0 1 2"] [-f FOLDS] [NAME=VALUE...]
#
# -f FOLDS: cross-validation inside the training pictures instead, one run a fold; the test pictures
#           are not used. This is how the recipe was chosen.
# NAME=VALUE: further hyperparameters (docs/formats/hyperparameters.md).
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/release
archive=${SCONES_SHARED:-../shared}/data/cifar-100-python.tar.gz
seeds="0 1 2"
folds=0
while getopts b:d:s:f: option; do
  case $option in
    b) build=$OPTARG ;;
    d) archive=$OPTARG ;;
    s) seeds=$OPTARG ;;
    f) folds=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))

ninja -C "$build" scones-train prepare-pictures >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$build/prepare-pictures" "$archive" "$work/pictures" bicycle motorcycle

# run_job NAME SEED TRAIN_LST VALIDATION_LST VALIDATION_PICTURES; prints one line.
run_job() {
  local root=$work/$1 settings count correct tested
  mkdir -p "$root/input/config" "$root"/input/data/{train_lst,validation_lst}
  ln -s "$work/pictures/train" "$root/input/data/train"
  ln -s "$5" "$root/input/data/validation"
  cp "$3" "$root/input/data/train_lst/train.lst"
  cp "$4" "$root/input/data/validation_lst/validation.lst"
  count=$(wc -l <"$3")
  settings="\"num_classes\": \"2\", \"num_training_samples\": \"$count\""
  settings+=", \"image_shape\": \"3,32,32\", \"seed\": \"$2\""
  for pair in "${@:6}"; do settings+=", \"${pair%%=*}\": \"${pair#*=}\""; done
  echo "{$settings}" >"$root/input/config/hyperparameters.json"
  cat >"$root/input/config/inputdataconfig.json" <<JSON
{"train": {"ContentType": "application/x-image"}, "validation": {"ContentType": "application/x-image"},
 "train_lst": {"ContentType": "application/x-image"},
 "validation_lst": {"ContentType": "application/x-image"}}
JSON
  local TIMEFORMAT='%R %U %S'
  { time SCONES_TRAINING_ROOT=$root "$build/scones-train" >"$root/log" 2>&1; } 2>"$root/time" || {
    tail -3 "$root/log"
    return 1
  }
  correct=$(sed -n 's/.*"validation_correct": \([0-9]*\).*/\1/p' "$root/model/metadata.json")
  tested=$(wc -l <"$4")
  total_correct=$((total_correct + correct))
  total_tested=$((total_tested + tested))
  awk -v name="$1" -v c="$correct" -v n="$tested" \
    '{printf "%-8s %d of %d = %.4f   wall %.1f s, cpu %.1f s\n", name, c, n, c / n, $1, $2 + $3}' \
    "$root/time"
}

total_correct=0
total_tested=0
if ((folds > 0)); then
  for ((fold = 0; fold < folds; ++fold)); do
    awk -v f=$fold -v n="$folds" 'NR % n != f' "$work/pictures/train.lst" >"$work/in.lst"
    awk -v f=$fold -v n="$folds" 'NR % n == f' "$work/pictures/train.lst" >"$work/out.lst"
    run_job "fold-$fold" "$fold" "$work/in.lst" "$work/out.lst" "$work/pictures/train" "$@"
  done
else
  for seed in $seeds; do
    run_job "seed-$seed" "$seed" "$work/pictures/train.lst" "$work/pictures/test.lst" \
      "$work/pictures/test" "$@"
  done
fi
awk -v c=$total_correct -v n=$total_tested 'BEGIN {printf "mean     %d of %d = %.4f\n", c, n, c / n}'
