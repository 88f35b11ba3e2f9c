#!/usr/bin/env bash
# Every fuzz target in turn, FUZZTIME each (default 20s).
set -euo pipefail
cd "$(dirname "$0")/.."
export GOTOOLCHAIN=local
grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do
  grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go | sed 's/func //' | sort -u | while read -r target; do
    echo "== $dir $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-20s}" "$dir"
  done
done
