#!/bin/sh
# Durable executions per second of the three-Task image workflow with native functions, started over
# HTTP with signed requests; server and load generator share this machine.
#   bench/workflows.sh [EXECUTIONS] [CONCURRENCY]
# SCONES_BUILD: the release build (build/release). SCONES_SHARED: where corpus/scones lies (../shared).
set -eu
cd "$(dirname "$0")/.."
build=${SCONES_BUILD:-build/release}
machine=${SCONES_SHARED:-../shared}/corpus/scones/state-machine.json
[ -r "$machine" ] || { echo "bench/workflows.sh: no state machine at $machine" >&2; exit 1; }
. bench/lib/serve.sh

"$build/scones" serve --data-dir "$work" --port 0 --log-level warning >"$work/out" 2>&1 &
servers=$!
url=$(wait_for 'http://[0-9.]*:[0-9]*' "$work/out")
"$build/workflows_load" "$url" "$work/credentials" "$machine" "${1:-20000}" "${2:-64}"
du -sk "$work" | awk '{printf "data directory: %d KiB\n", $1}'
