#!/usr/bin/env bash
# Crash tests against the programs in BUILD. usage: tests/crash/run.sh BUILD [ROUNDS]
set -euo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"
/usr/bin/python3 kill_test.py "$build/scones" "${2:-50}"
