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

data=$(mktemp -d)
server=
finish() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$data"
}
trap finish EXIT INT TERM

: >"$data/out"
"$build/scones" serve --data-dir "$data" --port 0 --log-level warning >"$data/out" 2>&1 &
server=$!
url=
tries=0
while [ -z "$url" ]; do
  url=$(sed -n 's/^scones is ready at //p' "$data/out")
  tries=$((tries + 1))
  if [ "$tries" -gt 200 ]; then cat "$data/out" >&2; exit 1; fi
  [ -n "$url" ] || sleep 0.05
done

"$build/workflows_load" "$url" "$data/credentials" "$machine" "${1:-20000}" "${2:-64}"
du -sk "$data" | awk '{printf "data directory: %d KiB\n", $1}'
