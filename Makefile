# CityGate. `make` alone lists the targets. Needs Python 3.11+, make and git; the rest is installed by the targets.

PYTHON ?= python3
VENV := .venv/bin
CONTRACTS := adapters/ethereum/contracts
export PATH := $(CURDIR)/.toolchain/bin:$(PATH)
export GOTOOLCHAIN := local

.DEFAULT_GOAL := help
.PHONY: help setup run-setup demo dev check test lint bench proto contracts format lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: run-setup ## Take the tour on real networks; exit 0 only if everything held
	@$(VENV)/citygate demo

dev: run-setup ## Start the development networks and a gateway, and leave them running
	@$(VENV)/citygate dev

setup: ## Install everything that a contributor needs
	@$(PYTHON) tools/bootstrap.py dev

check: lint ## Lint, types, generated code, and the tests that need no ledger: under a minute
	@$(VENV)/pytest -q -n 2 -m "not ledger and not slow"

test: lint ## All that a change must pass, real networks included
	@$(VENV)/pytest

bench: run-setup ## Measure latency, throughput and memory on real networks
	@$(VENV)/python -m tests.bench

format: setup ## Format every source
	@$(VENV)/ruff check --fix --quiet && $(VENV)/ruff format --quiet
	@gofmt -w adapters/fabric/chaincode
	@npm --prefix $(CONTRACTS) run --silent format
	@$(VENV)/buf format --write proto

proto: setup ## Generate the Python code of the protos
	@$(VENV)/python proto/generate.py

contracts: setup ## Compile the Solidity contracts
	@npm --prefix $(CONTRACTS) run --silent build

lock: ## Resolve the requirements anew (UPGRADE=1: the newest versions)
	@$(PYTHON) tools/lock.py $(if $(UPGRADE),--upgrade)

clean: ## Remove what was installed and built in this checkout; the cache stays
	rm -rf .venv .toolchain .pytest_cache .ruff_cache .hypothesis $(CONTRACTS)/node_modules

lint: setup
	@$(VENV)/python tools/check.py

run-setup:
	@$(PYTHON) tools/bootstrap.py run
