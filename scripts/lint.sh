#!/usr/bin/env bash
# What a reader should not have to look for. The linter's version is pinned in tools/lint/go.mod.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOTOOLCHAIN=local
unformatted=$(git ls-files '*.go' | xargs -r gofmt -l)
[ -z "$unformatted" ] || { echo "not gofmt'ed:"; echo "$unformatted"; exit 1; }
go mod tidy -diff
go vet ./...
go tool -modfile=tools/lint/go.mod golangci-lint run
if git ls-files '*package-lock.json' | xargs -r grep -lE '"resolved": "https?://' ; then
  echo "a lock file records download addresses"; exit 1
fi
if grep -n '^toolchain' go.mod; then echo "go.mod has a toolchain line"; exit 1; fi
echo "lint: clean"
