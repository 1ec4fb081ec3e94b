# Two commands do everything on a fresh machine: `make run` starts the page, `make test` runs every check.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test requirements clean

run: $(VENV)/.run-ready
	$(BIN)/python app.py $(ARGS)

test: $(VENV)/.test-ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Anamnesis needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: requirements.txt constraints.txt | $(BIN)/python
	@echo "Installing what Anamnesis needs into $(VENV) (once; a few minutes) ..."
	$(PIP) --requirement requirements.txt
	@touch $@

$(VENV)/.test-ready: $(VENV)/.run-ready pyproject.toml tools/requirements.py
	$(BIN)/python tools/requirements.py --group test | $(PIP) --requirement /dev/stdin
	@touch $@

requirements: | $(BIN)/python
	$(BIN)/python tools/requirements.py > requirements.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
