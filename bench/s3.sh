#!/bin/sh
# Signed 4 KiB PUT and GET, and LIST of 1,000, over 8 connections: scones and npm's s3rver, on the
# same machine in the same run, and their ratio. Ours makes each PUT durable before it answers.
#   bench/s3.sh [REQUESTS] [REQUESTS OF S3RVER]
# SCONES_BUILD: the release build (build/release). S3RVER: where s3rver is installed, or will be
# (a temporary folder).
set -eu
cd "$(dirname "$0")/.."
build=$(cd "${SCONES_BUILD:-build/release}" && pwd)
requests=${1:-20000}
peer_requests=${2:-4000}
. bench/lib/serve.sh

s3rver=${S3RVER:-$work/npm}
install_peer "$s3rver" s3rver
# The port that ends the first match of pattern $1 in file $2.
port_of() { wait_for "$1" "$2" | sed 's/.*://'; }
key_of() { sed -n "s/^$1 *= *//p" "$work/data/credentials" | head -1; }

"$build/scones" serve --data-dir "$work/data" --port 0 --log-level warning >"$work/ours.log" 2>&1 &
servers=$!
port=$(port_of 'http://[0-9.]*:[0-9]*' "$work/ours.log")
mkdir "$work/peer"
node "$s3rver/node_modules/.bin/s3rver" -d "$work/peer" -p 0 -s >"$work/peer.log" 2>&1 &
servers="$servers $!"
peer_port=$(port_of '[0-9.]*:[0-9]*' "$work/peer.log")

print_conditions
echo "scones, $requests requests"
"$build/s3_load" --port "$port" --access-key "$(key_of aws_access_key_id)" \
  --secret-key "$(key_of aws_secret_access_key)" --count "$requests" --lists 200 | tee "$work/ours"
echo "s3rver, $peer_requests requests"
# Without LIST, which s3rver answered with 500 at 1,500 keys.
"$build/s3_load" --port "$peer_port" --count "$peer_requests" --lists 0 | tee "$work/theirs"
awk 'NR == FNR { peer[$1] = $2; next } $1 in peer { printf "%s ratio %.1f\n", $1, $2 / peer[$1] }' \
  "$work/theirs" "$work/ours"
