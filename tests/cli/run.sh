#!/usr/bin/env bash
# Runs the command-line tests against the programs in BUILD, all or the named ones.
# usage: tests/cli/run.sh BUILD [TEST..]
set -euo pipefail
build=$(cd "$1" && pwd)
shift
cd "$(dirname "${BASH_SOURCE[0]}")"
tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(*_test.py)
export SCONES="$build/scones" PYTHONDONTWRITEBYTECODE=1
/usr/bin/python3 -m unittest -v "${tests[@]}"
