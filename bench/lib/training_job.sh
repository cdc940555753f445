#!/bin/bash
# Writes the input of a training job: what scones-train reads under SCONES_TRAINING_ROOT.
#
#   bench/lib/training_job.sh ROOT TRAIN TRAIN_LST VALIDATION VALIDATION_LST [NAME=VALUE...]
#
# ROOT: made here, or an empty folder. TRAIN, VALIDATION: folders of pictures, which are linked. The
# lists name those that take part; "-" for both of the validation's: no such channel.
# NAME=VALUE: hyperparameters, a later one of the same name instead of an earlier; the number of
# training pictures comes from the list.
set -euo pipefail

root=${1:?usage: training_job.sh ROOT TRAIN TRAIN_LST VALIDATION VALIDATION_LST [NAME=VALUE...]}
mkdir -p "$root/input/config" "$root/input/data"
channels=

# add_channel NAME PICTURES LIST
add_channel() {
  ln -s "$(realpath "$2")" "$root/input/data/$1"
  mkdir "$root/input/data/$1_lst"
  cp "$3" "$root/input/data/$1_lst/$1.lst"
  for channel in "$1" "$1_lst"; do
    channels+="${channels:+, }\"$channel\": {\"ContentType\": \"application/x-image\"}"
  done
}

add_channel train "$2" "$3"
if [[ $4 != - ]]; then add_channel validation "$4" "$5"; fi
echo "{$channels}" >"$root/input/config/inputdataconfig.json"

declare -A settings=([num_training_samples]=$(wc -l <"$3"))
for pair in "${@:6}"; do settings[${pair%%=*}]=${pair#*=}; done
{
  separator="{"
  for name in "${!settings[@]}"; do
    printf '%s"%s": "%s"' "$separator" "$name" "${settings[$name]}"
    separator=", "
  done
  echo "}"
} >"$root/input/config/hyperparameters.json"
