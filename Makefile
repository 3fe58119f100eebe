# Everything there is to run. Each target makes the virtual environment it needs; `make demo` and
# `make test` work on a fresh clone with Python 3.11 or newer and nothing else.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade
JOBS ?= 2
NODE := tests/sandbox/node

.DEFAULT_GOAL := help
.PHONY: help demo test slow bench lint types docs sync format lock dist clean

help:  ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp  ## tell the whole story against the sandbox (PAGE=1: press the buttons yourself)
	@$(BIN)/mailgrant demo $(if $(PAGE),--page)

test: lint types $(NODE)/node_modules  ## run every check there is
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal -m "not slow"

slow: $(VENV)/dev.stamp  ## run the tests that take minutes
	$(BIN)/pytest -q -m slow --timeout 1800

bench: $(VENV)/dev.stamp  ## measure, rivals in the same run
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

lint: $(VENV)/dev.stamp  ## check style, layers and the written twin
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/lint-imports
	$(BIN)/python scripts/unasync.py --check

types: $(VENV)/dev.stamp  ## check types
	$(BIN)/mypy --no-error-summary
	$(BIN)/mypy --no-error-summary scripts benchmarks

docs: $(VENV)/dev.stamp  ## write the reference, check that links lead somewhere and code blocks run
	$(BIN)/python scripts/make_reference.py
	$(BIN)/python scripts/make_changelog.py
	$(BIN)/pytest -q tests/house/test_documents.py tests/house/test_readme.py tests/house/test_consoles.py \
	    tests/house/test_reference.py tests/house/test_security.py tests/house/test_changelog.py

sync: $(VENV)/dev.stamp  ## write _sync from _async
	$(BIN)/python scripts/unasync.py

format: sync  ## sort imports and format
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format --quiet

lock: $(VENV)/dev.stamp  ## write requirements/*.txt anew, from the index uv is configured for
	$(LOCK) pyproject.toml requirements/run.in --extra google --extra sandbox -o requirements/run.txt
	$(LOCK) pyproject.toml requirements/dev.in --all-extras -c requirements/run.txt -o requirements/dev.txt

dist: $(VENV)/dev.stamp  ## build the wheel and the source archive
	$(BIN)/python -m hatchling build

clean:  ## remove what can be made again
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Google's Node clients, which some tests run. Without npm those tests are skipped; nothing else needs it.
$(NODE)/node_modules: $(NODE)/package.json
	@if command -v npm >/dev/null; then \
	    cd $(NODE) && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error && touch node_modules; \
	else \
	    echo 'npm is not installed: the tests of Node programs are skipped'; \
	fi || echo 'the Node packages could not be installed: their tests are skipped'

# Order only, since the age of pip says nothing; pip, because it comes last when an environment is made.
$(BIN)/pip:
	@scripts/make_venv.sh $(VENV)

$(VENV)/%.stamp: requirements/%.txt pyproject.toml | $(BIN)/pip
	@echo "installing requirements/$*.txt"
	@$(PIP) --require-hashes -r requirements/$*.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@
