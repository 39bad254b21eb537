# The face of Kinline for people and CI: `make` alone lists every target.

PYTHON ?= python3
VENV := .venv/bin
SECONDS ?= 60
SEED ?= 1
JOBS ?= $(shell nproc)
# So many checks side by side, each line of output whole; within one that does so already, its share of them.
BESIDE = $(if $(findstring jobserver,$(MAKEFLAGS)),,--jobs=$(JOBS) --output-sync=line)

# Where it is set, as in containers, each of the hundreds of processes that the tests start would compile Kinline anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-demo demo firmware test pytest lint lint-firmware gen gen-check hw-check hw-pictures c-test fuzz perf lock clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install everything the tests need, into .venv/ and build/
	@$(PYTHON) setup/run.py test

setup-demo: ## install what the demo needs, a part of the above
	@$(PYTHON) setup/run.py demo

demo: setup-demo ## run two scripted calls end to end; leaves build/demo/
	@$(VENV)/python -m demo

firmware: setup-demo ## build and sign the handset's firmware; leaves build/firmware/; KEY=file MICROPYTHON=file
	@$(VENV)/kinline-sim firmware $(if $(KEY),--key $(KEY)) $(if $(MICROPYTHON),--micropython $(MICROPYTHON))

# Checks only compute, so they share the processors; pytest's lanes live in real time and have them alone.
test: setup ## run every check and every test
	@$(MAKE) --no-print-directory $(BESIDE) lint gen-check hw-check c-test
	@$(MAKE) --no-print-directory pytest

pytest: setup ## run the Python tests alone; ARGS="-k word" chooses
	@$(VENV)/python -m tests.lanes $(ARGS)

lint: setup lint-firmware ## ruff and strict mypy
	@$(VENV)/ruff check --quiet .
	@$(VENV)/mypy
	@echo "lint: clean"

lint-firmware: setup ## firmware against MicroPython's own type stubs
	@$(VENV)/mypy --config-file setup/mypy-firmware.ini

gen: setup-demo ## rewrite what is generated from the contracts in hw/ and from the calling rules
	@$(VENV)/python hw/generate.py
	@$(VENV)/python docs/generate.py

gen-check: setup ## fail if a generated file differs from its source
	@$(VENV)/python hw/generate.py --check
	@$(VENV)/python docs/generate.py --check && echo "gen-check: generated files are up to date"

hw-check: setup ## the board: our own electrical rules, KiCad's, and that what is drawn is up to date
	@$(VENV)/python hw/check.py
	@$(VENV)/python hw/generate.py --check
	@$(VENV)/python hw/pictures.py --check

hw-pictures: setup ## draw schematic, harness and pin-out again; the schematic whole in build/hw/
	@$(VENV)/python hw/pictures.py

c-test: setup ## the engine's own tests under the sanitizers, and a short fuzzing of its parsers
	@echo "c-test: the engine's tests under the sanitizers, then 10 s of fuzzing a parser"
	@$(MAKE) --no-print-directory $(BESIDE) -C cffi_ext check > build/c-test.log 2>&1 || { tail -n 40 build/c-test.log; false; }
	@$(MAKE) --no-print-directory $(BESIDE) -C cffi_ext fuzz FUZZ_SECONDS=10 > build/fuzz.log 2>&1 || { tail -n 40 build/fuzz.log; false; }
	@echo "c-test: passed (build/c-test.log, build/fuzz.log)"

fuzz: setup ## fuzz the engine's parsers; SECONDS=60 each, SEED=1
	@$(MAKE) --no-print-directory $(BESIDE) -C cffi_ext fuzz FUZZ_SECONDS=$(SECONDS) FUZZ_SEED=$(SEED)

perf: setup ## measure; leaves build/perf/report.json
	@$(VENV)/python -m tests.perf

lock: setup-demo ## pin every Python dependency again, from pyproject.toml
	@$(PYTHON) setup/lock.py

clean: ## remove what was built, keep what was downloaded
	rm -rf build/demo build/perf build/pytest build/mypy build/cffi build/setuptools .hypothesis .ruff_cache

distclean: ## remove .venv/ and build/ whole
	rm -rf .venv build
