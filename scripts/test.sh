#!/usr/bin/env bash
# The whole suite: sets up, builds the faces, checks them, and runs every Go test under the race detector.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOTOOLCHAIN=local SKIP="${SKIP:-}"
# A program under the race detector waits a second before it goes, and the suite starts hundreds.
export GORACE="atexit_sleep_ms=0"
started=$SECONDS

parts=(go node gcc curl)
[[ ",$SKIP," == *,postgres,* ]] || parts+=(postgres)
[[ ",$SKIP," == *,browser,* ]] || parts+=(chromium)
[[ ",$SKIP," == *,snippets,* ]] || parts+=(snippets)
[[ ",$SKIP," == *,browser,* || ",$SKIP," == *,wordpress,* ]] || parts+=(wordpress)
scripts/need.sh "${parts[@]}"

echo "== faces: types, unit tests, sizes"
make --no-print-directory web/node_modules/.stamp
[[ ",$SKIP," == *,browser,* ]] || make --no-print-directory internal/e2e/clients/node_modules/.stamp
[[ ",$SKIP," == *,sdk,* ]] || make --no-print-directory sdk/js/node_modules/.stamp
(cd web && npm run --silent build && npm run --silent check && npm test --silent)

echo "== go vet"
go vet ./...

# Three packages at once on two cores: the store waits for its disk and the walks for their browser most of the time.
echo "== go test -race"
json=$(mktemp)
trap 'rm -f "$json"' EXIT
status=0
go tool -modfile=tools/test/go.mod gotestsum --format pkgname-and-test-fails --jsonfile "$json" -- \
  -race -timeout 9m -p 3 ./... || status=$?

echo "== the ten slowest tests"
go tool -modfile=tools/test/go.mod gotestsum tool slowest --num 10 --jsonfile "$json" || true

printf 'make test: %s in %d s%s\n' "$([ $status -eq 0 ] && echo passed || echo FAILED)" $((SECONDS - started)) \
  "${SKIP:+, left out by SKIP: $SKIP}"
exit $status
