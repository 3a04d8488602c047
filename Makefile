# The doors of the README. Each target does its own set-up in .venv; PYTHON chooses the interpreter that makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: train test test-slow check mlflow clean help

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

# torch comes first and alone: its pinned version then satisfies what the other packages ask for
$(READY): setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -E '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $(READY)

train: $(READY) ## make the demo set when there is none, and train BA-DeepLabV3 on it
	$(BIN)/python -m monai.bundle run training --config_file bundles/ba_deeplab/configs/train.json

check: $(READY) ## formatter, linter, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

test: check ## the checks and the tests that take minutes
	$(BIN)/python -m pytest

test-slow: $(READY) ## the long tests: several processes, servers, browser
	$(BIN)/python -m pytest -m "slow and not gpu"

mlflow: $(READY) ## the page with all runs, on http://127.0.0.1:5000
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db

clean: ## remove the environment and the tools' caches; runs and data stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
