# Two commands do everything on a fresh machine: `make study` and `make test`.
JOBS ?= $(shell nproc)

.PHONY: study test test-fast bench build dependencies test-dependencies asan format lint install clean

study: build            ## the study on the shipped reference model; ends with the report's path
	build/quantrial study reference

test: test-dependencies ## the whole test suite
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	ctest --preset release -j $(JOBS)

test-fast: build        ## the tests that take under a minute together
	cmake --build --preset release -j $(JOBS)
	ctest --preset release -L fast -j $(JOBS)

bench: build            ## operators, the tokenizer and models against the measured limits and the baseline
	cmake --build --preset release -j $(JOBS) --target operator_bench rounding_bench tokenizer_bench
	tools/bench.sh build/release

build: dependencies     ## the program, at build/quantrial
	cmake --preset release
	cmake --build --preset release -j $(JOBS) --target quantrial
	ln -sf release/apps/quantrial build/quantrial

dependencies:           ## what is missing of the distribution's packages
	tools/install_dependencies.sh

test-dependencies:
	tools/install_dependencies.sh --tests

asan:                   ## the suite under address and undefined-behaviour sanitizers
	cmake --workflow --preset asan

format:                 ## rewrites the sources in the house style
	tools/format.sh

lint:                   ## clang-tidy with the allow list of .clang-tidy
	tools/lint.sh

install: build
	cmake --install build/release --prefix $(or $(PREFIX),/usr/local)

clean:
	rm -rf build
