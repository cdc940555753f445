#!/bin/bash
# Makes one of this folder's files: trains a ResNet on the 98 CIFAR-100 classes other than bicycle
# and motorcycle, so that the workflow's own pictures take no part.
#
#   models/pretrain.sh [-b BUILD_DIR] [-d CIFAR100_ARCHIVE] NAME [SETTING=VALUE...]
#
# NAME: resnet-14-2. Settings: docs/formats/hyperparameters.md. Ctrl-C keeps what was trained so far.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/release
archive=${SCONES_SHARED:-../shared}/data/cifar-100-python.tar.gz
while getopts b:d: option; do
  case $option in
    b) build=$OPTARG ;;
    d) archive=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
name=${1:?usage: models/pretrain.sh [-b BUILD_DIR] [-d CIFAR100_ARCHIVE] NAME [SETTING=VALUE...]}
shift

# What differs from the small recipe: a longer training with little mixing.
common="num_classes=98 recipe=small use_pretrained_model=0 seed=1 mini_batch_size=128 learning_rate=0.15
 warmup_epochs=1 augmentation_type=crop crop_padding=4 mix_probability=0.3 ema_decay=0.999
 progressive_resizing=0.4:20,0.8:26"
case $name in
  resnet-14-2) settings="$common num_layers=14 width_factor=2 stem_stride=1 epochs=60" ;;
  *) echo "there is no recipe for $name" >&2; exit 2 ;;
esac

ninja -C "$build" scones-train prepare-pictures >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$build/prepare-pictures" "$archive" "$work/pictures" --except bicycle motorcycle
# shellcheck disable=SC2086
bench/lib/training_job.sh "$work/job" "$work/pictures/train" "$work/pictures/train.lst" \
  "$work/pictures/test" "$work/pictures/test.lst" image_shape=3,32,32 $settings "$@"
SCONES_TRAINING_ROOT=$work/job "$build/scones-train" --backbone "models/$name.safetensors"
