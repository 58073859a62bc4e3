.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Without its bytecode TensorFlow takes four times as long to import, in every step of a pipeline.
export PYTHONDONTWRITEBYTECODE :=
# A file's tests share what they start, so they stay together; in this order the long ones come first.
# Those with devices have the machine to themselves: their clients ask without a pause.
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-fast lint format up down hello bench functions setup lock cli-reference clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Set everything up and walk the whole chain on this machine
	@./scripts/demo

test: setup ## Run all tests, the end-to-end ones with the real parts included
	@$(BIN)/python scripts/kubelet
	$(BIN)/pytest -m "not system" $(SIDE_BY_SIDE) --junitxml=test-results/side-by-side.xml
	$(BIN)/pytest -m system --junitxml=test-results/alone.xml

up: setup ## Start the local registry and functions
	@$(BIN)/slipway up

down: ## Stop everything that was started on this machine
	@if [ -x $(BIN)/slipway ]; then $(BIN)/slipway down; fi

hello: up ## Build the hello image and release it on latest
	@$(BIN)/slipway hello

bench: setup ## Run the benchmarks; each prints a JSON line
	@$(BIN)/python -m bench

setup: ## Install Debian packages that are missing and make the virtual environment
	@./scripts/setup test

lint: setup ## ruff, mypy strict, import-linter
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=containers/serving:edge-agent $(BIN)/lint-imports

format: setup ## Let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

functions: setup ## Put Slipway's wheel beside each cloud function, ready to deploy
	for function in cloud-functions/*/; do \
		$(BIN)/uv build -q --wheel --no-build-isolation --python $(BIN)/python --out-dir $$function . || exit; \
	done

test-fast: setup ## Run the tests that need neither root nor much time
	$(BIN)/pytest -m "not slow and not system"

lock: setup ## Resolve the lock files again
	$(BIN)/uv pip compile -q --no-header --python-version 3.11 --generate-hashes requirements-bootstrap.in -o requirements-bootstrap.lock
	$(BIN)/uv pip compile -q --no-header --python-version 3.11 --all-extras --generate-hashes pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --no-header --no-annotate --python-version 3.11 --python-platform x86_64-manylinux_2_36 --extra train --extra pipelines --extra mlflow --extra gcs --extra s3 --no-emit-package kfp-server-api --generate-hashes -c requirements.lock pyproject.toml -o containers/pipeline/requirements.lock

cli-reference: setup ## Write the commands' own help into docs/cli.md
	@$(BIN)/python scripts/cli-reference

clean: down ## Remove the state, the virtual environment and caches of tools
	rm -rf .slipway $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
