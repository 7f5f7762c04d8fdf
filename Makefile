# `make test` is all that a change has to pass. `make help` lists the rest.

# The pinned linter; the test of the import arrows runs it as well.
export GOLANGCI_LINT ?= go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# What makes releases.
export GORELEASER ?= go run github.com/goreleaser/goreleaser/v2@v2.15.4
# How long each fuzz target runs.
FUZZTIME ?= 1m
BENCHSTAT ?= go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
# How often each benchmark inside a process runs.
BENCH_COUNT ?= 6

.NOTPARALLEL:
.PHONY: help setup build vet cross lint unit test hook-check release-check share fuzz oracle bench bench-store cover update corpus

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## install the servers, shells and tools of the tests where missing (Debian, root), or say so
	@.ci/setup

build: ## build bin/nginx-lint
	go build -o bin/ ./cmd/nginx-lint

vet: ## run go vet
	go vet ./...

# Where the servers do not run, people lint all the same.
cross: ## build and vet for Windows, macOS and 32 bits
	GOOS=windows go build ./... && GOOS=windows go vet ./...
	GOOS=darwin GOARCH=arm64 go build ./...
	GOARCH=386 CGO_ENABLED=0 go build ./... && GOARCH=386 CGO_ENABLED=0 go vet ./...

lint: ## run golangci-lint: style, import arrows, bans
	$(GOLANGCI_LINT) run

# The proofs run last and by themselves: they measure time, as the hostile trees do,
# to which the race detector would add tenfold; memory that is used again is counted
# without it too. The servers are no input that go's
# test cache knows of, hence -count=1.
unit: ## run all tests: unit, case, command line, proofs
	go test -race -count=1 -timeout 30m -skip '^TestAllocationBudget$$' $$(go list ./... | grep -v /rules$$)
	go test -race -count=1 -timeout 30m -skip '^TestHostile$$' ./rules
	go test -count=1 -run '^TestHostile$$|^TestAllocationBudget$$' ./rules ./analyzer

test: setup build vet cross lint unit ## set up, build, vet, lint and run all tests

hook-check: ## run the hooks under the real pre-commit, in a repository made for it
	@.ci/hook-check

release-check: ## make all of a release, install and try the Debian package (root), remove it
	@.ci/release-check

share: build ## write the manual page and the completions to bin/share, as packages have them
	mkdir -p bin/share/completions
	gzip -9nc docs/nginx-lint.1 >bin/share/nginx-lint.1.gz
	bin/nginx-lint completion bash >bin/share/completions/nginx-lint.bash
	bin/nginx-lint completion zsh >bin/share/completions/_nginx-lint
	bin/nginx-lint completion fish >bin/share/completions/nginx-lint.fish

fuzz: ## run each fuzz target for FUZZTIME
	@set -e; for package in $$(go list ./...); do \
	    for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	        echo "$$package $$target"; \
	        go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s $$package; \
	    done; \
	done

oracle: ## compare with the real servers in full, where `make test` takes a sample
	NGINX_LINT_ORACLE=full go test -count=1 -timeout 30m -run 'TestValues|TestRows|TestExpressions|TestContextAndArguments' ./analyzer/grammar ./analyzer/catalog
	NGINX_LINT_ORACLE=full go test -count=1 -timeout 30m -run 'TestVariablesAgree|TestUndefinedAgrees' ./analyzer/nginx
	NGINX_LINT_ORACLE=full go test -count=1 -timeout 30m -run 'TestMutants$$|TestHashTables|TestPoolMutants|TestLogFormatOracle' ./rules ./analyzer/fpm
	NGINX_LINT_TREES=2000 go test -count=1 -timeout 30m -run TestFixedTrees ./cmd/internal/cli

# Whole programs run in turns with what they are compared with, so once is enough there.
bench: ## run the benchmarks and compare them with the stored result
	@mkdir -p bin
	go test -run '^$$' -bench . -benchtime 3x -count $(BENCH_COUNT) ./analyzer | tee bin/bench.txt
	go test -run '^$$' -bench . -benchtime 3x -timeout 60m ./cmd/internal/cli | tee -a bin/bench.txt
	$(BENCHSTAT) testdata/bench/stored.txt bin/bench.txt

bench-store: ## keep the last result of the benchmarks as the one to compare with
	cp bin/bench.txt testdata/bench/stored.txt

cover: ## write coverage.html
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -html=coverage.out -o coverage.html

update: ## write generated pages and golden files anew
	go test ./analyzer/catalog ./rules ./cmd/internal/render ./cmd/internal/cli -run "TestTables|TestPages|Golden|TestFixed|TestReadme|TestDocs" -update

corpus: build ## lint each folder of CORPUS, and compare the readers with nginx's on its files
	@test -d "$(CORPUS)" || { echo 'usage: make corpus CORPUS=DIR'; exit 2; }
	@.ci/corpus "$(CORPUS)"
	NGINX_LINT_CORPUS="$(abspath $(CORPUS))" go test -count=1 -run '^TestCorpus' -v ./analyzer/syntax ./rules
