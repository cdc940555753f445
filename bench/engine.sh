#!/bin/sh
# The inference engine beside onnxruntime-node and PyTorch on the same weights: one run, one
# machine, one thread, rounds in turn; and how far each row is from what the machine's kernels can
# do. Prints tables as in bench/results/engine.md.
#
#   bench/engine.sh [NETWORK...]        default: all of bench/engine/networks.py
#
# SCONES_BUILD: the release build (build/release). ARCHIVE: cifar-100-python.tar.gz, or - for noise.
# ONNXRUNTIME: where onnxruntime-node 1.30 is installed, or will be (a temporary folder).
# NETWORKS: a folder in which the networks are made, or lie from the last time (a temporary one).
# ROUNDS: 7. FIGURE: median of the rounds, or fastest, for a busy machine.
# Needs node, npm and python3-torch, python3-numpy (PYTHON: /usr/bin/python3).
set -eu
cd "$(dirname "$0")/.."
build=$(cd "${SCONES_BUILD:-build/release}" && pwd)
python=${PYTHON:-/usr/bin/python3}
archive=${ARCHIVE:-${SCONES_SHARED:-../shared}/data/cifar-100-python.tar.gz}
[ "$archive" = - ] || [ -r "$archive" ] || { echo "no $archive: pictures are noise"; archive=-; }
[ $# -gt 0 ] || set -- resnet-20 resnet-18 resnet-50 mobilenet-v2 efficientnet-b0 nothing

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

onnxruntime=${ONNXRUNTIME:-$work/npm}
if [ ! -d "$onnxruntime/node_modules/onnxruntime-node" ]; then
  mkdir -p "$onnxruntime"
  (cd "$onnxruntime" && npm install --no-audit --no-fund --silent --ignore-scripts onnxruntime-node@1.30.0)
fi
networks=${NETWORKS:-$work}
for network in "$@"; do
  [ -e "$networks/$network.json" ] && continue
  OMP_NUM_THREADS=1 "$python" bench/engine/networks.py "$networks" "$archive" "$network"
done

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, load" \
  "$(cut -d' ' -f1-3 /proc/loadavg), commit $(git rev-parse --short HEAD)"
for network in "$@"; do
  case $network in
    resnet-20 | resnet-18) batches="1 8 32" ;;
    nothing) batches=1 ;;
    *) batches="1 8" ;;
  esac
  echo
  # shellcheck disable=SC2086
  "$python" bench/engine/compare.py "$build" "$onnxruntime/node_modules" "$networks" \
    "$network" $batches
done
