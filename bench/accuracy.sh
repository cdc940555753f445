#!/bin/bash
# The accuracy figure: trains the built-in algorithm on bicycles and motorcycles (or other classes)
# with default settings (only what every job must give) and counts right answers on ALL test pictures.
#
#   bench/accuracy.sh [-b BUILD_DIR] [-d CIFAR100_ARCHIVE] [-c "bicycle motorcycle"] [-s "0 1 2 3 4"]
#                     [-f FOLDS] [-o FOLDER] [NAME=VALUE...]
#
# -c CLASSES: the classes to tell apart; "" for all 100.
# -s SEEDS:  one run a seed.
# -f FOLDS:  cross-validation inside the training pictures instead, one run a fold; the test pictures
#            are not used. This is how the recipe was chosen.
# -o FOLDER: keep pictures and models there; it must be new or empty.
# NAME=VALUE: further hyperparameters (docs/formats/hyperparameters.md).
#
# Of each run: right answers, expected calibration error on the same pictures, seconds that the
# network was trained, and of the whole job: with reading the pictures, the second training that the
# calibration needs, and writing the model.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/release
archive=${SCONES_SHARED:-../shared}/data/cifar-100-python.tar.gz
seeds="0 1 2 3 4"
folds=0
classes="bicycle motorcycle"
work=
while getopts b:d:c:s:f:o: option; do
  case $option in
    b) build=$OPTARG ;;
    d) archive=$OPTARG ;;
    c) classes=$OPTARG ;;
    s) seeds=$OPTARG ;;
    f) folds=$OPTARG ;;
    o) work=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))

ninja -C "$build" scones-train prepare-pictures >/dev/null
if [[ -z $work ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
# shellcheck disable=SC2086
"$build/prepare-pictures" "$archive" "$work/pictures" $classes
class_count=$(cut -f2 "$work/pictures/test.lst" | sort -u | wc -l)
echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, load" \
  "$(cut -d' ' -f1-3 /proc/loadavg), commit $(git rev-parse --short HEAD)"

# run_job NAME SEED TRAIN_LST VALIDATION_LST VALIDATION_PICTURES [NAME=VALUE...]; prints one line.
run_job() {
  local root=$work/$1
  bench/lib/training_job.sh "$root" "$work/pictures/train" "$3" "$5" "$4" \
    "num_classes=$class_count" image_shape=3,32,32 "seed=$2" "${@:6}"
  local TIMEFORMAT='%R %U %S'
  { time SCONES_TRAINING_ROOT=$root "$build/scones-train" >"$root/log" 2>&1; } 2>"$root/time" || {
    tail -3 "$root/log"
    return 1
  }
  metric() { sed -n "s/.*\"$1\": \([-+.0-9eE]*\).*/\1/p" "$root/model/metadata.json"; }
  echo "$1 $(metric validation_correct) $(wc -l <"$4") $(metric training_seconds)" \
    "$(metric validation_expected_calibration_error) $(cat "$root/time")" >>"$work/results"
  tail -1 "$work/results" | awk '{
    printf "%-8s %d of %d = %.4f   calibration error %.3f   training %.1f s, job %.1f s, cpu %.1f s\n",
           $1, $2, $3, $2 / $3, $5, $4, $6, $7 + $8}'
}

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
awk '{right += $2; of += $3; training += $4; error += $5; job += $6; cpu += $7 + $8}
     END {printf "mean     %d of %d = %.4f   calibration error %.3f   ", right, of, right / of, error / NR
          printf "training %.1f s, job %.1f s, cpu %.1f s\n", training / NR, job / NR, cpu / NR}' \
  "$work/results"
