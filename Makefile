# Everything a person or CI does here; `make help` lists it. Needs: make, bash, Python 3.11 or newer.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup check test test-fast test-full test-celery test-observability test-superset lint types fix sandbox demo celery superset bench audit migrate dictionary lock

BIN := .venv/bin
PYTHON ?= python3
# Tests wait a lot: for servers, processes, locks.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 2 ? 4 : n > 4 ? 8 : 2 * n)))
ARGS ?=
# Superset wants other versions than Airflow: it gets an environment of its own. Of two packages that
# it needs there is no wheel, or none that works: they are built here, from what the hashes say.
SUPERSET := .local/superset/venv
BUILT := --no-binary odfpy --no-binary wtforms-json
PINNED := --no-deps --require-hashes --only-binary :all:
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(PINNED)
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONWARNINGS=ignore $(BIN)/pip install --quiet $(PINNED)
LOCK := $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --only-binary :all: --generate-hashes
export PYTHONPATH := $(CURDIR)
# Tests start hundreds of processes: none of them should compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(BIN)/.installed ## the environment (.venv) and the database servers
	@$(BIN)/python -m include.sandbox.servers install

check: test ## what CI runs: the same as test

test: setup lint types ## set-up, lint, types, then all tests, on MariaDB and what WAREHOUSE_URL names
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-fast: $(BIN)/.installed ## what needs no database and no Airflow: under a minute
	@$(BIN)/pytest -n 2 -m "not db and not airflow" --ignore tests/faults --ignore tests/security $(ARGS)

test-full: setup ## all tests in their long form: every kill point, every fault, 500 histories (an hour)
	@[ -n "$${WAREHOUSE_URL:-}" ] || echo "WAREHOUSE_URL names no server of the other family: this one's only"
	@FULL=1 $(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-celery: setup $(BIN)/.celery ## a worker of a distributed Airflow killed while it writes (three minutes)
	@CELERY=1 $(BIN)/pytest tests/e2e/test_celery.py $(ARGS)

test-observability: setup $(BIN)/.observability ## metrics by StatsD, lineage by OpenLineage (two minutes)
	@$(BIN)/pytest tests/dags/test_metrics.py tests/dags/test_lineage.py $(ARGS)

test-superset: setup $(SUPERSET)/.installed ## the dashboards in a real Superset and a browser: numbers and pictures (eight minutes)
	@SUPERSET=1 $(BIN)/pytest tests/e2e/test_superset.py $(ARGS)

lint: $(BIN)/.installed ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(BIN)/.installed ## mypy, strict
	@$(BIN)/mypy

fix: $(BIN)/.installed ## repair and format what ruff can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

sandbox: $(BIN)/.installed ## the vendors' APIs on loopback, until Ctrl-C (ARGS="--port 9000")
	@exec $(BIN)/python -m include.sandbox $(ARGS)

demo: setup ## everything: databases, sandbox, Airflow, first runs; until Ctrl-C
	@exec $(BIN)/python -m include.sandbox.demo $(ARGS)

celery: setup $(BIN)/.celery ## the demo on Redis and Celery workers, two of them (ARGS="--workers 4")
	@exec $(BIN)/python -m include.sandbox.demo --workers 2 $(ARGS)

superset: setup $(SUPERSET)/.installed ## Superset with examples/superset, against the demo or REPORT_URL; until Ctrl-C
	@exec $(BIN)/python -m include.sandbox.superset start $(ARGS)

bench: setup ## how fast all is beside what a person would write: an hour, or ARGS="tickets --latency 50"
	@exec $(BIN)/python -m tests.benchmarks $(ARGS)

audit: $(BIN)/.installed ## known weaknesses of what is locked; fails when no advisory service answers
	@exec $(BIN)/python -m tests.security.audit $(ARGS)

migrate: setup ## bring the schema up to date: of WAREHOUSE_URL, or of a private server
	@export WAREHOUSE_URL=$${WAREHOUSE_URL:-$$($(BIN)/python -m include.sandbox.servers start)}; \
	exec $(BIN)/python -m include migrate $(ARGS)

dictionary: $(BIN)/.installed ## docs/dictionary.md and the datasets of dashboards anew, from sql/dictionary
	@exec $(BIN)/python -m include.warehouse.dictionary

lock: $(BIN)/.installed ## resolve requirements*.in again (ARGS=--upgrade for newer versions)
	$(LOCK) $(ARGS) requirements.in -o requirements.txt
	$(LOCK) $(ARGS) requirements-dev.in -o requirements-dev.txt
	$(LOCK) $(ARGS) requirements-celery.in -o requirements-celery.txt
	$(LOCK) $(ARGS) requirements-observability.in -o requirements-observability.txt
	$(LOCK) $(BUILT) $(ARGS) requirements-superset.in -o requirements-superset.txt

$(BIN)/.installed: requirements-dev.txt
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing python3-venv with apt-get"; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    apt-get -qq update && apt-get -qq install -y --no-install-recommends python3 python3-venv >/dev/null; \
	  else \
	    echo "error: $(PYTHON) has no venv: install it (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 2; \
	  fi; \
	fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $$($(PYTHON) --version) is too old, 3.11 is needed: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv
	@total=$$(grep -c '^[a-z].*==' $<); echo "installing $$total packages into .venv, less than a minute"
	@sed -n '/^uv==/,/^ *#/p' $< > .venv/uv.txt; $(PIP) -r .venv/uv.txt
	@$(UV) -r $< || \
	  { echo "uv could not: pip, which knows the indexes of pip.conf, takes one to three minutes"; $(PIP) -r $<; }
	@touch $@

$(BIN)/.celery: requirements-celery.txt $(BIN)/.installed
	@echo "installing Celery beside it"
	@$(UV) -r $< || $(PIP) -r $<
	@touch $@

$(BIN)/.observability: requirements-observability.txt $(BIN)/.installed
	@echo "installing StatsD's client and OpenLineage beside it"
	@$(UV) -r $< || $(PIP) -r $<
	@touch $@

$(SUPERSET)/.installed: requirements-superset.txt $(BIN)/.installed
	@total=$$(grep -c '^[a-z].*==' $<); echo "installing $$total packages of Superset into $(SUPERSET)"
	@[ -x $(SUPERSET)/bin/python ] || $(PYTHON) -m venv $(SUPERSET)
	@$(BIN)/uv pip install --quiet --python $(SUPERSET)/bin/python --compile-bytecode $(PINNED) $(BUILT) -r $< || \
	  PIP_DISABLE_PIP_VERSION_CHECK=1 $(SUPERSET)/bin/pip install --quiet $(PINNED) $(BUILT) -r $<
	@touch $@
