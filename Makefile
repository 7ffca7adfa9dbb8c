# One command a target; CI runs `make check` and nothing that a laptop cannot.
# `make` alone lists the targets.

GO            ?= go
FUZZ          ?= 300x
BENCHTIME     ?= 1x
GOLANGCI      := v2.15.0
VERSION       ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS       := -s -w -X github.com/amparo-project/amparo/internal/cli.Version=$(VERSION)
BIN           := bin/amparo
MODULE        := internal/web/wasm/verify.wasm

# All targets but race compile as the shipped program is compiled: what one has
# compiled the next finds in Go's cache, and what is tested is what is shipped.
export CGO_ENABLED ?= 0
export GOFLAGS     := $(strip $(GOFLAGS) -trimpath)

.PHONY: bench-recovery bench-scale bench-web bench-zoom help build module demo test race vet lint fuzz browser check bench bench-hunt kill faults bench-lure bench-data docs rates cross systems clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: module ## build bin/amparo, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/amparo

module: ## build what pages verify proofs with, for WebAssembly; the same bytes wherever it is built with the same Go
	GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -buildmode=c-shared -gcflags=all=-l \
		-ldflags '-s -w -buildid=' -o $(MODULE) ./internal/ledger/inbrowser/module
	gzip -n9f $(MODULE)

demo: build ## make a synthetic encrypted backup with planted traces, check it, write the report
	rm -rf demo
	mkdir -p demo
	$(GO) run ./internal/testevidence/mkbackup -out demo/backup -indicators demo/indicators \
		-messages 2000 -seed 1 -encrypted -password-file demo/password.txt -plant -decoys -wal -truth demo/truth.json
	./$(BIN) check demo/backup --indicators demo/indicators --password-file demo/password.txt --out demo/result
	@echo
	@echo "The report: demo/result/report.html"

test: ## pass all tests
	$(GO) test -timeout 20m $(NOVET) ./...

race: ## the tests of what is concurrent under the race detector, those of sheer volume left to `test` (needs a C compiler)
	@packages=$$(scripts/concurrent) && CGO_ENABLED=1 $(GO) test -race -short -timeout 20m $(NOVET) $$packages

vet:
	$(GO) vet ./...

lint: .bin/golangci-lint ## golangci-lint, pinned
	.bin/golangci-lint run ./...

.bin/golangci-lint: Makefile
	GOBIN=$(CURDIR)/.bin CGO_ENABLED=0 $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	@touch $@

fuzz: ## every fuzz target on FUZZ new inputs (300x) or for a time (30s)
	@scripts/fuzz $(FUZZ)

browser: module ## look at the pages in Chromium, with axe-core (UPDATE=-update renews docs/screens)
	@scripts/with-browser $(GO) test -count=1 ./internal/browsertest $(UPDATE)

CONTAINER ?= docker
image: build ## build the container image localhost/amparo (CONTAINER=docker, podman or buildah)
	cp /etc/ssl/certs/ca-certificates.crt bin/ca-certificates.crt
	$(CONTAINER) build -t localhost/amparo:latest -f deploy/Containerfile .

docs: ## write docs/artifacts.md from the parsers
	$(GO) run ./cmd/amparo artifacts --markdown > docs/artifacts.md

rates: ## count how often rules fire on the public evidence of clean phones
	$(GO) test ./internal/cli -run '^TestRates$$' -count=1 -update

TARGETS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

cross: ## build for all systems that are promised, or for TARGETS
	@for t in $(TARGETS); do \
		echo $$t; CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -trimpath $(CROSSFLAGS) -o /dev/null ./cmd/amparo || exit 1; done
	@[ -n "$(CROSSFLAGS)" ] || scripts/linked $(TARGETS) > .ci/linked

OTHERS := linux/arm64 darwin/arm64 windows/amd64

# What is built for other systems is run by nobody here. All that a compiler
# checks is checked from the sources, in a tenth of its time. What only a linker
# finds comes with modules or with another Go: where the program is linked of what
# .ci/linked does not list, which `make cross` writes, it is built for all of them.
systems: ## check all packages and their tests for other systems, without compiling
	$(GO) run ./internal/systems $(OTHERS)
	@scripts/linked $(OTHERS) | cmp -s - .ci/linked || \
		$(MAKE) --no-print-directory cross TARGETS="$(OTHERS)" CROSSFLAGS="-gcflags='all=-N -l'"

# golangci-lint's govet is what vet is: it need not run again, neither before test
# and race nor by itself.
check: NOVET = -vet=off
check: build lint systems test race fuzz ## all that decides whether a change is good

bench-lure: ## measure how well look-alikes are told without indicators (fetches a public package with npm)
	scripts/bench-lure

bench: build ## measure: generated backups of three sizes, and every benchmark
	scripts/bench

kill: ## kill the program at random points in ROUNDS (60) rounds of up to seven acts, with both databases
	scripts/with-postgres $(GO) test ./cmd/amparo -run TestKill -kills $(or $(ROUNDS),60) -timeout 60m -v

faults: ## make faults FOR a time (1h) in servers, workers, database, store, network, disks and clocks (SEED=… repeats one)
	scripts/with-s3 $(GO) test ./cmd/amparo -run '^TestFaults$$' -count=1 -faults $(or $(FOR),1h) -faults-seed $(or $(SEED),0) -timeout 6h -v

bench-hunt: ## measure a hunt: 10,000 new indicators against DEVICES devices (1000) of 20,000 observables, on both databases
	AMPARO_BENCH_DEVICES=$(or $(DEVICES),1000) scripts/with-postgres --durable $(GO) test -run '^$$' -bench Hunt -benchtime 3x -timeout 60m -v ./internal/workspace/sqlite ./internal/workspace/postgres

bench-web: ## measure the pages of 1,000 phones with 50 people at work, on both databases (ENGINE=sqlite or postgres for one; BENCH_DIR for its 5 GB)
	@scripts/bench-web $(ENGINE)

bench-scale: ## measure workers, hunts, jobs and pages for docs/scale.md, and write its tables (PARTS=checks, hunts, jobs, pages or report; see scripts/bench-scale)
	@PARTS="$(PARTS)" scripts/bench-scale

bench-zoom: ## measure in Chromium how smoothly the timeline of a million events zooms (MESSAGES=420000)
	AMPARO_BENCH_ZOOM=$(or $(MESSAGES),420000) scripts/with-browser $(GO) test -count=1 ./internal/browsertest -run '^TestZoom$$' -v

bench-recovery: build ## measure recovery: deleted rows found and invented, beside sqlite3 .recover, and what it costs a check
	$(GO) test ./internal/format/sqlite -run 'TestRecall|TestNothingIsInvented|TestCorpus|TestBesideSQLite' -count=1 -v | grep -E 'deleted versions|corpus:|beside:|^(ok|FAIL)'
	$(GO) run ./internal/testevidence/mkbackup -out bench-data/recovery -messages 60000 -seed 3 -plant -wal -partial
	for i in 1 2 3; do for f in --no-recovery ''; do bash -c "time ./$(BIN) check bench-data/recovery $$f >/dev/null"; done; done
	rm -rf bench-data/recovery

clean: ## remove what was built or generated here
	rm -rf bin demo bench-data
