# The commands that people and CI use; CMake does the building. `make` prints them.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python

# Asks CMake for a preset once, then leaves it to Ninja to ask again when a CMake file has changed.
# Areas of bench/: a script bench/<area>/run, or a program bench/<module>_bench.cpp.
BENCH_AREAS := $(patsubst bench/%/run,%,$(wildcard bench/*/run)) $(patsubst bench/%_bench.cpp,%,$(wildcard bench/*_bench.cpp))

# Where nobody watches, Ninja says only what went wrong.
QUIET := $(if $(CI),-- --quiet)

configure = . tools/env; [ -f build/$(1)/build.ninja ] || cmake --preset $(1) --log-level=WARNING

.PHONY: help
help: ## print this
	@echo "Tarn: a data platform in one program. What you can ask of make:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo "First time here: make demo"

.PHONY: setup
setup: ## install what building and testing needs (Debian 12; root or sudo), nothing twice
	@tools/setup

.PHONY: build
build: setup ui ## leave the program at bin/tarn
	@$(call configure,release)
	@cmake --build --preset release --target tarn $(QUIET)
	@mkdir -p bin && cp -f build/release/bin/tarn bin/tarn.new && mv -f bin/tarn.new bin/tarn
	@echo "built bin/tarn ($$(du -h bin/tarn | cut -f 1))"

# The page, built to static files that the program carries; only when one of its files is newer than the result.
.PHONY: ui
ui:
	@if [ -f ui/index.html ] && { [ ! -f ui/dist/index.html ] || [ -n "$$(find ui -path ui/node_modules -prune -o \
	      -path ui/dist -prune -o -type f -newer ui/dist/index.html -print -quit)" ]; }; then \
	    . tools/env; cd ui && npm run --silent build; \
	fi

.PHONY: demo
demo: build ## build, then replay clicks of a web shop and open the live page (ARGS="--for 60s --no-browser")
	@bin/tarn doctor --quiet --data "$${TMPDIR:-/tmp}/tarn-demo"
	@bin/tarn demo $(ARGS)

.PHONY: docs
docs: build ## write the pages that are made from declarations: docs/errors and docs/reference
	@bin/tarn docs errors --out docs/errors
	@bin/tarn docs reference --project scenarios/q01-clickstream --out docs/reference

.PHONY: pictures
pictures: build ## take the README's pictures of the page, in light and dark, from a demo of this build
	@. tools/env; node tests/browser/pictures.mjs docs/pictures

.PHONY: test
test: build check ## set-up, build and every test a developer needs
	@cmake --build --preset release $(QUIET)
	@cmake --build --preset release --target all_verify_interface_header_sets $(QUIET)
	@ctest --preset release
	@$(MAKE) test-ui test-e2e

.PHONY: test-ui
test-ui:
	@. tools/env; cd ui && npm run --silent api:check && npm run --silent test

.PHONY: test-e2e
test-e2e:
	@TARN_LAKE_WRITER=$(CURDIR)/build/release/tarn_lake_writer $(PYTHON) -m pytest -q -n 2 --dist loadfile -m "not interop and not house" tests tools/tests $(ARGS)
	@. tools/env; cd tests/browser && npm run --silent test

.PHONY: test-house
test-house: ## a scratch copy with a made-up part of each kind, each one new file, built and run
	@$(PYTHON) -m pytest -q -m house tests/house $(ARGS)

.PHONY: test-interop
test-interop:
	@tools/setup --interop
	@. tools/env; TARN_LAKE_WRITER=$(CURDIR)/build/release/tarn_lake_writer TARN_INTEROP=required \
	    $(PYTHON) -m pytest -q -m "interop$(if $(DEEP),, and not deep)" tests/interop $(ARGS)

.PHONY: delta-matrix
delta-matrix: build ## write docs/delta-compatibility.md of what Spark, deltalake and DuckDB make of Tarn's tables
	@tools/setup --interop
	@$(PYTHON) tests/interop/delta_matrix.py --write docs/delta-compatibility.md $(ARGS)

.PHONY: test-all
test-all: $(if $(TESTED),,test) ## and sanitizers, more seeds, real engines: what .ci/run runs
	@$(call configure,asan)
	@cmake --build --preset asan $(QUIET)
	@TARN_SEEDS=$${TARN_SEEDS:-10} ctest --preset asan
	@$(call configure,tsan)
	@cmake --build --preset tsan --target tarn_concurrent_tests $(QUIET)
	@TARN_SEEDS=$${TARN_SEEDS:-10} ctest --preset tsan -L concurrent
	@$(MAKE) test-house test-interop

.PHONY: test-deep
test-deep: test-all ## and thousands of seeds, long fuzzing: hours (FUZZ_SECONDS=1800 for each decoder)
	@$(MAKE) test-interop DEEP=1
	@TARN_SEEDS=$${TARN_SEEDS:-5000} ctest --preset release --timeout 36000
	@$(call configure,fuzz)
	@fuzzers=$$(ninja -C build/fuzz -t targets all | sed -n 's/^\(tarn_[a-z]*_fuzz_[a-z_]*\):.*/\1/p' | sort -u); \
	cmake --build --preset fuzz --target $$fuzzers $(QUIET); \
	for fuzzer in $$fuzzers; do \
	    module=$${fuzzer#tarn_}; target=$${module#*_fuzz_}; module=$${module%%_fuzz_*}; \
	    mkdir -p build/fuzz/found/$$fuzzer; \
	    build/fuzz/$$fuzzer -max_total_time=$${FUZZ_SECONDS:-1800} -print_final_stats=1 \
	        -artifact_prefix=build/fuzz/found/$$fuzzer/ build/fuzz/found/$$fuzzer src/$$module/fuzz/corpus/$$target; \
	done

.PHONY: bench
bench: build ## measure and print figures with their method (AREA=name for one of bench/)
	@ran=0; mkdir -p bench/results build/bench; \
	for area in $(or $(AREA),$(BENCH_AREAS)); do \
	    if [ -x bench/$$area/run ]; then ran=1; PATH="$$PWD/.venv/bin:$$PATH" bench/$$area/run $(ARGS); fi; \
	    if [ -f bench/$${area}_bench.cpp ]; then \
	        ran=1; cmake --build --preset release --target tarn_$${area}_bench -- --quiet; \
	        build/release/tarn_$${area}_bench build/bench $(ARGS); \
	    fi; \
	done; [ $$ran = 1 ] || { echo "no benchmark '$(AREA)' under bench/; there are: $(BENCH_AREAS)" >&2; exit 2; }

.PHONY: prove
prove: build ## show a guarantee holding (Q=01 for one scenario; the receipt is on stdout)
	@ran=0; for prove in scenarios/q$(or $(Q),*)-*/prove; do \
	    if [ -x "$$prove" ]; then ran=1; PATH="$$PWD/.venv/bin:$$PATH" "$$prove" $(ARGS); fi; \
	done; [ $$ran = 1 ] || { echo "no scenario q$(or $(Q),*) under scenarios/" >&2; exit 2; }

.PHONY: format
format: ## bring C++ files into their form
	@git ls-files -co --exclude-standard '*.h' '*.cpp' | xargs -r clang-format-19 -i

.PHONY: check
check: ## layers, sizes, formatting, and that ARCHITECTURE.md names what exists
	@python3 tools/check.py

.PHONY: clean
clean: ## remove what was built (what tools/setup installed stays)
	@rm -rf build bin ui/dist
