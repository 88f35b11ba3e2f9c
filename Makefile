# Everything that a person does with this repository. `make` prints the menu.
export GOTOOLCHAIN := local
SHELL := /bin/bash
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)
FACES := web/dist/manifest.json
BIN := bin/countersign

.PHONY: menu run build test lint bench fuzz e2e sdk wordpress gen faces clean
.DELETE_ON_ERROR:

menu: ## print this menu
	@echo "Countersign"; echo
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(BIN) ## build and serve the demo: messenger, console, shop and attack bench
	@exec $(BIN) demo --data "$${COUNTERSIGN_DATA:-.demo}"

build: $(BIN) ## build bin/countersign with its faces

test: ## set up what is needed, then run every test (SKIP=postgres,browser,snippets,sdk,wordpress to leave parts out)
	@scripts/test.sh

lint: ## gofmt, go vet, golangci-lint at its pinned version, tidy modules
	@scripts/lint.sh

bench: ## measure speed as ratios against baselines in the same run
	@scripts/bench.sh

fuzz: ## fuzz every parser of outside input for a while (FUZZTIME=20s each)
	@scripts/fuzz.sh

# The race detector leaves out the C of SQLite that was translated to Go, as in scripts/test.sh.
e2e wordpress: export GOFLAGS += -gcflags=modernc.org/...=-race=false

e2e: $(FACES) sdk/js/node_modules/.stamp internal/e2e/clients/node_modules/.stamp ## the browser walks alone
	@scripts/need.sh node chromium gcc wordpress
	go test -race -count=1 ./internal/e2e/...

sdk: $(FACES) sdk/js/node_modules/.stamp ## the tests of the libraries alone, each in its own language
	@scripts/need.sh go node gcc chromium snippets
	go test -count=1 ./sdk/...
	go test -count=1 -run SDKJS ./internal/e2e

wordpress: $(FACES) ## the plugin in a real WordPress, in a browser
	@scripts/need.sh go node chromium gcc wordpress
	go test -count=1 ./integrations/...
	go test -race -count=1 -run 'TestWordPress' ./internal/e2e

gen: ## generate docs and types that are made from code
	go run ./cmd/countersign config sample --markdown > docs/configuration.md

faces: $(FACES) ## build the messenger and the console into web/dist

clean: ## remove what was built
	rm -rf bin web/dist/assets web/dist/manifest.json web/dist/v1.js* web/node_modules sdk/js/node_modules sdk/js/headless.js .demo .demo.masterkey

web/node_modules/.stamp: web/package.json web/package-lock.json
	@scripts/need.sh node
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# What the tests of sdk/js need: react and vue, to be bound to.
sdk/js/node_modules/.stamp: sdk/js/package.json sdk/js/package-lock.json
	@scripts/need.sh node
	cd sdk/js && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# What others published for other systems, for the walks that drive it.
internal/e2e/clients/node_modules/.stamp: internal/e2e/clients/package.json internal/e2e/clients/package-lock.json
	@scripts/need.sh node
	cd internal/e2e/clients && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(FACES): web/node_modules/.stamp $(filter-out web/embed.go,$(WEB_SOURCES))
	cd web && npm run --silent build

.PHONY: force
$(BIN): $(FACES) force
	@scripts/need.sh go
	@mkdir -p bin
	go build -trimpath -o $(BIN) ./cmd/countersign
