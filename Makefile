# `make` alone prints what there is.
.DEFAULT_GOAL := help
.PHONY: help run demo build release drill test test-newest test-pooler test-examples generate lint dead format width fuzz gameday torture bench bench-against audit-bench screenshots clean

# No C compiler is needed, and none is used where there happens to be one.
export CGO_ENABLED := 0

# Packages that setup-test had to unpack put their programs here.
cache := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tijori
tool := go tool -modfile=tools/go.mod
version = $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# What to test, and further flags of go test: make test PKGS=./internal/money TESTFLAGS=-race
PKGS := ./...
TESTFLAGS := -timeout=20m
# How long `make fuzz` spends on each target.
FUZZTIME := 10s

help: ## print this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## set up what is missing, build and start tijori; ctrl-c stops it
	@scripts/setup-run
	@$(MAKE) -s --no-print-directory build
	@exec ./bin/tijori serve

demo: ## the same with a demonstration account, thrown away at the end
	@scripts/setup-run
	@$(MAKE) -s --no-print-directory build
	@exec scripts/demo

build: ## build bin/tijori
	@[ -e bin/tijori ] || echo "building, which takes a minute or two the first time" >&2
	@go build -trimpath -buildvcs=false -ldflags "-X github.com/tijorihq/tijori/internal/cli.version=$(version)" -o bin/tijori .

test: ## set up what tests need, vet and test everything
	@scripts/setup-test
	@PATH="$$PATH:$(cache)/bin"; status=0; \
		go vet $(PKGS) || status=1; \
		go run ./internal/ci/testcount $(TESTFLAGS) $(PKGS) || status=1; \
		exit $$status

test-newest: PKGS := $(addprefix ./internal/,isolation postgres ledger credits account billing)
test-newest: ## test PKGS on the newest PostgreSQL, which comes from npm
	@bin=$$(scripts/setup-newest) || exit; PATH="$$PATH:$(cache)/bin" TIJORI_PG_BIN="$$bin" \
		go run ./internal/ci/testcount $(TESTFLAGS) -skip='^TestAudit' $(PKGS) # those need pg_dump, which npm's has not

test-pooler: PKGS := $(addprefix ./internal/,postgres account ledger credits billing jobs isolation web)
test-pooler: ## test PKGS through PgBouncer in transaction mode
	@pooler=$$(scripts/setup-pooler) || exit; PATH="$$PATH:$(cache)/bin" TIJORI_TEST_POOLER="$$pooler" \
		go run ./internal/ci/testcount $(TESTFLAGS) $(PKGS)

test-examples: ## build the example app in Next.js from the packed packages and use it in a browser; two minutes
	@scripts/setup-examples
	@PATH="$$PATH:$(cache)/bin" go run ./internal/ci/testcount -tags=examples -count=1 -timeout=10m -run='Example' ./internal/journey

generate: ## write the Go code of the pages, and the types of @tijori/client
	@$(tool) templ generate -path internal
	@if command -v node >/dev/null; then node packages/client/scripts/types.mjs; fi

lint: ## staticcheck and gofumpt
	@$(tool) staticcheck ./...
	@files=$$(git ls-files '*.go' | grep -v '_templ\.go$$' | xargs $(tool) gofumpt -l); \
		if [ -n "$$files" ]; then echo "$$files"; echo "not formatted as gofumpt does" >&2; exit 1; fi

dead: ## functions that only tests use, or nobody
	@scripts/dead

format: ## write Go files as gofumpt does
	@git ls-files '*.go' | grep -v '_templ\.go$$' | xargs $(tool) gofumpt -w

width: ## lines of code above 120 columns
	@go run ./internal/ci/width

fuzz: ## every fuzz target for FUZZTIME (10s)
	@scripts/fuzz $(FUZZTIME)

gameday: ## play a leak from the alert to the thaw, in a test build; writes the transcript into docs/incident.md
	@scripts/setup-test
	@PATH="$$PATH:$(cache)/bin" go test -count=1 -tags gameday ./internal/journey -run TestGameday -v -args -update

torture: ## the long proofs: histories, state machines, cut lines, kills; half an hour and more
	@scripts/setup-test
	@PATH="$$PATH:$(cache)/bin"; status=0; \
		TIJORI_TORTURE=1 go test -count=1 -v -timeout=60m ./internal/isolation -run TestForeignRows || status=1; \
		TIJORI_TORTURE=1 go test -count=1 -v -timeout=60m ./internal/credits -run 'TestLinearizable|TestMutantsAreRejected|TestCutConnections' || status=1; \
		go test -count=1 -v -timeout=120m ./internal/credits -run 'TestStateMachine|TestAllDueAgainst|TestBeginAgainst' -rapid.checks=10000 || status=1; \
		TIJORI_TORTURE=1 go test -count=1 -timeout=120m ./internal/billing -run 'TestEveryHistory|TestMutantsAreFound|TestHistoriesOnTheDatabase|TestBuyers' || status=1; \
		TIJORI_LONG=1 go test -count=1 -v -timeout=120m ./internal/journey -run 'TestKill' || status=1; \
		exit $$status

release: ## binaries, .deb, SPDX and sums into dist/; PLATFORMS="linux/amd64 linux/arm64"
	@PLATFORMS="$(PLATFORMS)" scripts/release

drill: ## play back-up, restore, upgrades, rollback, fail-over, pooler, black hole, full disk and kills; a line for each
	@scripts/setup-run
	@$(MAKE) -s --no-print-directory build
	@status=0; PATH="$$PATH:$(cache)/bin"; scripts/drill bin/tijori || status=1; \
		scripts/drill-servers bin/tijori || status=1; exit $$status

bench: ## measure against pgbench; bench-credits, bench-webhook, bench-fair and bench-watch are parts of it
	@scripts/setup-bench
	@$(MAKE) -s --no-print-directory build
	@./bin/tijori bench $(BENCHFLAGS)

bench-%:
	@scripts/setup-bench
	@$(MAKE) -s --no-print-directory build
	@./bin/tijori bench $* $(BENCHFLAGS)

# Pairs of leaky and repaired schemas; without them, those of the rules.
CASES := $(or $(wildcard ../shared/conformance/audit/$(if $(findstring -source,$(BENCHFLAGS)),source,schemas)),internal/audit/$(if $(findstring -source,$(BENCHFLAGS)),source/rules,db/rule))
audit-bench: ## what the auditor finds and misses in pairs of schemas: CASES=folder; BENCHFLAGS=-source for pairs of code
	@scripts/setup-test
	@PATH="$$PATH:$(cache)/bin"; go run ./internal/audit/bench -cases "$(CASES)" $(BENCHFLAGS)

bench-against: ## hold a part against an older commit, by turns: OLD=<commit> WHAT=reads
	@scripts/bench-against "$(OLD)" "$(or $(WHAT),reads)" $(BENCHFLAGS)

screenshots: ## take the pictures of docs/khata.md anew
	@scripts/setup-test
	@$(MAKE) -s --no-print-directory build
	@PATH="$$PATH:$(cache)/bin" scripts/screenshots

clean: ## remove what was built; data stays
	@rm -rf bin
