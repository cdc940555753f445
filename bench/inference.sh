#!/bin/sh
# InvokeEndpoint over HTTP: PNG in, probabilities out, signature checked, every inference captured,
# 64 connections; beside it the engine alone, and a Node server around ONNX Runtime on the same ONNX
# file. Server, load generator and peer share this machine.
#   bench/inference.sh [-m "resnet8 resnet20 resnet18"] [-p "fp32 bf16 int8"] [-n REQUESTS]
#                      [-t THREADS] [-s "throughput batch1 latency memory engine node"]
# -s: what to measure: throughput; CPU beside inference on one connection; p50 and p99 at 70 % of the
#     throughput; resident memory at ten points of 25 times REQUESTS; the engine alone; the peer.
# -t: threads of each model, and of the engine alone (one per core).
# SCONES_BUILD: the release build (build/release). SCONES_SHARED: where data/cifar-100-python.tar.gz
# lies (../shared). SCONES_MODELS: a folder where the models are, or will be (temporary).
# ONNXRUNTIME_NODE: where npm's onnxruntime-node is installed, or will be (temporary).
set -eu
cd "$(dirname "$0")/.."
build=$(cd "${SCONES_BUILD:-build/release}" && pwd)
archive=${SCONES_SHARED:-../shared}/data/cifar-100-python.tar.gz
models="resnet20 resnet18"
precisions="fp32 bf16 int8"
requests=20000
parts="engine throughput batch1 latency memory node"
threads=$(nproc)
while getopts m:p:n:s:t: option; do
  case $option in
    m) models=$OPTARG ;;
    p) precisions=$OPTARG ;;
    n) requests=$OPTARG ;;
    s) parts=$OPTARG ;;
    t) threads=$OPTARG ;;
    *) exit 2 ;;
  esac
done
. bench/lib/serve.sh
folder=${SCONES_MODELS:-$work/models}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

# Two classes of CIFAR-100 as PNG files, and models that were trained on them for two epochs, which
# is enough for int8 to have an accuracy that it can lose.
[ -d "$folder/pictures" ] || "$build/prepare-pictures" "$archive" "$folder/pictures" apple castle
train() { # MODEL
  case $1 in
    resnet8) settings="recipe=small epochs=20" ;;
    resnet*) settings="num_layers=${1#resnet} epochs=2 optimizer=adam learning_rate=0.001" ;;
  esac
  root=$work/train-$1
  # shellcheck disable=SC2086
  bench/lib/training_job.sh "$root" "$folder/pictures/train" "$folder/pictures/train.lst" - - \
    num_classes=2 image_shape=3,32,32 $settings
  SCONES_TRAINING_ROOT=$root "$build/scones-train" >"$root/log" 2>&1 || { tail -3 "$root/log"; exit 1; }
  mkdir -p "$folder/$1"
  cp -r "$root/model/." "$folder/$1"
  tar -C "$root/model" -czf "$folder/$1.tar.gz" .
}
for model in $models; do [ -f "$folder/$model.tar.gz" ] || train "$model"; done

"$build/scones" serve --data-dir "$work/data" --port 0 --model-threads "$threads" \
  --log-level warning >"$work/log" 2>&1 &
server=$!
servers=$server
url=$(wait_for 'http://[0-9.]*:[0-9]*' "$work/log")
load() { # ENDPOINT, options
  endpoint=$1
  shift
  "$build/inference_load" run --url "$url" --credentials "$work/data/credentials" \
    --endpoint "$endpoint" --pictures "$folder/pictures/train" --pid "$server" "$@"
}
value() { sed -n "s/^$1 \([0-9.]*\).*/\1/p" "$2" | tail -1; }

print_conditions
for model in $models; do
  for precision in $precisions; do
    echo "== $model $precision"
    endpoint=$model-$precision
    "$build/inference_load" deploy --url "$url" --credentials "$work/data/credentials" \
      --endpoint "$endpoint" --model "$folder/$model.tar.gz" --precision "$precision"
    case " $parts " in *" engine "*)
      "$build/inference_load" engine --model "$folder/$model.tar.gz" --precision "$precision" \
        --threads "$threads" | tee "$work/engine" ;;
    esac
    case " $parts " in *" throughput "* | *" latency "*)
      load "$endpoint" --count "$requests" | tee "$work/ours"
      if [ -f "$work/engine" ]; then
        echo "share of the engine's best: $(value per_second "$work/ours") / $(value engine_best "$work/engine")" |
          awk '{ printf "%s = %.3f\n", $0, $(NF - 2) / $NF }'
      fi ;;
    esac
    case " $parts " in *" batch1 "*)
      echo "one connection"
      load "$endpoint" --count "$((requests / 5))" --connections 1 ;;
    esac
    case " $parts " in *" latency "*)
      rate=$(awk -v r="$(value per_second "$work/ours")" 'BEGIN { printf "%d", 0.7 * r }')
      echo "open loop at $rate a second, random gaps"
      load "$endpoint" --count "$requests" --rate "$rate"
      echo "open loop at $rate a second, even gaps"
      load "$endpoint" --count "$requests" --rate "$rate" --even ;;
    esac
    case " $parts " in *" memory "*)
      load "$endpoint" --count "$((requests * 25))" --samples 10 ;;
    esac
  done
  case " $parts " in *" node "*)
    ort=${ONNXRUNTIME_NODE:-$work/npm}
    install_peer "$ort" onnxruntime-node@1.30.0
    for workers in 1 $(nproc); do
      NODE_PATH=$ort/node_modules node bench/inference_node.cjs "$folder/$model/model.onnx" \
        "$folder/$model/metadata.json" "$workers" "$work/captured" >"$work/node.log" 2>&1 &
      peer=$!
      servers="$servers $peer"
      port=$(wait_for 'ready on [0-9]*' "$work/node.log" | sed 's/.* //')
      echo "== $model, Node with $workers processes"
      "$build/inference_load" run --url "http://127.0.0.1:$port" \
        --credentials "$work/data/credentials" --pictures "$folder/pictures/train" \
        --count "$((requests / 4))" --warm-up 500
      kill "$peer"
    done ;;
  esac
done
