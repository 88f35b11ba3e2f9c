#!/usr/bin/env bash
# Measures the table of docs/performance.md. It runs on loopback, bounded in count and time, for about two minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOTOOLCHAIN=local
scripts/need.sh go
go test -tags bench -count=1 -timeout 15m -run TestTable ./internal/bench -args -write "$PWD/docs/performance.md" "$@"
cat docs/performance.md
