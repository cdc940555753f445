#!/bin/sh
# Training throughput of scones-train beside PyTorch: the same networks, batches, optimiser and
# augmentation (crops, flips, mixup, cutmix), on 1 and 2 threads, subjects in turn; and, with -a,
# right answers at equal epochs on folds of the training pictures. Prints tables as in
# bench/results/training.md.
#
#   bench/training.sh [resnet-8] [resnet-20] [resnet-18]     default: all three
#   bench/training.sh -a [FOLD...]                           default: 0 1 of 5
#
# SCONES_BUILD: the release build (build/release). BEFORE: another scones-train to measure beside.
# ROUNDS: 3.
# ARCHIVE: cifar-100-python.tar.gz. Needs python3-torch, python3-numpy (PYTHON: /usr/bin/python3).
set -eu
cd "$(dirname "$0")/.."
build=$(cd "${SCONES_BUILD:-build/release}" && pwd)
python=${PYTHON:-/usr/bin/python3}
archive=${ARCHIVE:-${SCONES_SHARED:-../shared}/data/cifar-100-python.tar.gz}
what=speed
if [ "${1:-}" = -a ]; then
  what=accuracy
  shift
  [ $# -gt 0 ] || set -- 0 1
fi
[ $# -gt 0 ] || set -- resnet-8 resnet-20 resnet-18

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
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
"$python" bench/training/compare.py $what "$build/scones-train" "$work" "$@"
