#!/usr/bin/env bash
# Runs every client test against the programs in BUILD. usage: tests/clients/run.sh BUILD
set -euo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"

# Debian's Python with its boto3, and the PATH's where that has another one.
pythons=(/usr/bin/python3)
other=$(command -v python3)
if [ "$other" != /usr/bin/python3 ] && "$other" -c 'import boto3' 2>/dev/null; then
  pythons+=("$other")
else
  echo "skipped: no second boto3 on PATH; testing with Debian's alone"
fi

for python in "${pythons[@]}"; do
  for test in *_boto3_test.py; do
    echo "== $test with $python"
    PATH="$(dirname "$python"):$PATH" "$python" "$test" "$build/scones"
  done
done

[ -d js/node_modules ] || (cd js && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
for test in js/*.test.mjs; do
  echo "== $test"
  SCONES="$build/scones" node --test "$test"
done
