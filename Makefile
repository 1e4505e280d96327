# Two commands matter: `make demo` and `make test`. Each does its whole set-up first.
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.plantsafe-ready
WORKERS ?= 2

.PHONY: help setup demo test lint wire long lock clean bench-setup

help:
	@echo "make demo    simulated plant, scan service and dashboard; Ctrl-C stops all"
	@echo "make test    lint, types, import contracts, tests (at most 15 minutes)"
	@echo "make setup   the environment alone"
	@echo "make wire    all scenarios, in virtual time and through the real servers and the scan service"
	@echo "make long    soaks and long properties"
	@echo "make bench-setup  what the benchmarks compare with, beside the environment; the next set-up removes it again"
	@echo "make lock    resolve requirements.lock and benchmarks/requirements.lock anew"

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "plantsafe needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip check --quiet
	@touch $@

demo: setup
	@$(BIN)/plantsafe demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

test: lint
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

wire: setup
	$(BIN)/plantsafe scenario run --all --wire

long: setup
	$(BIN)/pytest -m long

bench-setup: setup
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r benchmarks/requirements.lock

lock: $(BIN)/uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group bench -c requirements.lock -o benchmarks/requirements.lock

$(BIN)/uv:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
