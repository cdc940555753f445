#!/bin/sh
# Training throughput of scones-train beside PyTorch: the same networks, batches, optimiser and
# augmentation (crops, flips, mixup, cutmix), on 1 and 2 threads, subjects in turn, and what the
# machine's kernels can do; and right answers at equal epochs on folds of the training pictures.
# Prints tables as in bench/results/training.md.
#
#   bench/training.sh [PART...]     default: resnet-14 resnet-8 accuracy-14 accuracy-8
#
# PART: resnet-14, resnet-8, resnet-20, resnet-18 (speed), accuracy-14, accuracy-8.
#
# BUDGET: 100, the most seconds of a part, in which it measures as many rounds as fit.
# FIGURE: median of the epochs, or fastest, for a busy machine.
# FOLDS: "0 1 2 3 4", those that are counted, if they fit.
# SCONES_BUILD: the release build (build/release). BEFORE: another scones-train to measure beside.
# ARCHIVE: cifar-100-python.tar.gz. Needs python3-torch, python3-numpy (PYTHON: /usr/bin/python3).
set -eu
cd "$(dirname "$0")/.."
build=$(cd "${SCONES_BUILD:-build/release}" && pwd)
python=${PYTHON:-/usr/bin/python3}
archive=${ARCHIVE:-${SCONES_SHARED:-../shared}/data/cifar-100-python.tar.gz}
[ $# -gt 0 ] || set -- resnet-14 resnet-8 accuracy-14 accuracy-8

work=$(mktemp -d)
measuring=
trap 'rm -rf "$work"' EXIT
trap 'kill $measuring 2>/dev/null; exit 1' INT TERM
"$build/prepare-pictures" "$archive" "$work" bicycle motorcycle >/dev/null
"$python" - "$archive" "$work/rows.npy" <<'PYTHON'
import pickle, sys, tarfile
import numpy
with tarfile.open(sys.argv[1]) as tar:
    file = tar.extractfile("cifar-100-python/train")
    numpy.save(sys.argv[2], pickle.load(file, encoding="latin1")["data"])
PYTHON

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, load" \
  "$(cut -d' ' -f1-3 /proc/loadavg), commit $(git rev-parse --short HEAD)"
echo
"$python" bench/training/compare.py "$build" "$work" "$@" &
measuring=$!
wait $measuring
