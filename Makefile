# The doors of the README. Each target does its own set-up in .venv; PYTHON chooses the interpreter that makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LABEL_STUDIO := .label_studio
LABEL_STUDIO_READY := $(LABEL_STUDIO)/.ready

.PHONY: train test test-slow check mlflow label-studio clean help

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

# torch comes first and alone: its pinned version then satisfies what the other packages ask for
$(READY): setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -E '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $(READY)

# Label Studio wants versions that ours do not fit, so its server lives alone
$(LABEL_STUDIO_READY): requirements/label_studio.txt
	test -x $(LABEL_STUDIO)/bin/python || $(PYTHON) -m venv $(LABEL_STUDIO)
	$(LABEL_STUDIO)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/label_studio.txt
	touch $(LABEL_STUDIO_READY)

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
	-$(MAKE) $(LABEL_STUDIO_READY) # where it cannot be installed its test is skipped and says so
	$(BIN)/python -m pytest -m "slow and not gpu"

mlflow: $(READY) ## the page with all runs, on http://127.0.0.1:5000
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db

label-studio: $(LABEL_STUDIO_READY) ## a server for annotators, on http://127.0.0.1:8080; its data under runs/label_studio
	COLLECT_ANALYTICS=false SENTRY_DSN= FRONTEND_SENTRY_DSN= LATEST_VERSION_CHECK=false \
	LABEL_STUDIO_BASE_DATA_DIR=runs/label_studio \
	$(LABEL_STUDIO)/bin/label-studio start --no-browser --internal-host 127.0.0.1 --port 8080

clean: ## remove the environment and the tools' caches; runs and data stay
	rm -rf $(VENV) $(LABEL_STUDIO) .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
