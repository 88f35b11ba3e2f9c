#!/usr/bin/env bash
# The whole suite: sets up, builds the faces, checks them, and runs every Go test, nearly all under the race detector.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOTOOLCHAIN=local SKIP="${SKIP:-}"
# A program under the race detector waits a second before it goes, and the suite starts hundreds.
export GORACE="atexit_sleep_ms=0"
# The detector watches our code and what it shares with others', not the C of SQLite that was translated to Go.
export GOFLAGS="${GOFLAGS:-} -gcflags=modernc.org/...=-race=false"
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

json=$(mktemp -d)
trap 'rm -rf "$json"' EXIT
status=0
# tests NAME FLAG... PACKAGE...
tests() {
  go tool -modfile=tools/test/go.mod gotestsum --format pkgname-and-test-fails --jsonfile "$json/$1" -- -timeout 9m "${@:2}" || status=$?
}

# These take one value after the other and share nothing, and the detector would make the most of their arithmetic.
alone=(./identity/diagnose ./identity/snippet ./internal/history)
echo "== go test ${alone[*]}"
tests alone "${alone[@]}"

# The walks take longest and wait for their browser most of the time, so they begin first. Three packages at once on two
# cores: the store, too, waits for its disk.
echo "== go test -race"
mapfile -t rest < <(go list ./... | grep -vxF "$(go list "${alone[@]}" ./internal/e2e)")
tests race -race -p 3 ./internal/e2e "${rest[@]}"

echo "== the ten slowest tests"
go tool -modfile=tools/test/go.mod gotestsum tool slowest --num 10 --jsonfile <(cat "$json"/*) || true

printf 'make test: %s in %d s%s\n' "$([ $status -eq 0 ] && echo passed || echo FAILED)" $((SECONDS - started)) \
  "${SKIP:+, left out by SKIP: $SKIP}"
exit $status
