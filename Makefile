# Everything here works on a machine with Python 3.11 and make; the first call makes the environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip --disable-pip-version-check
PIP_INSTALL := $(PIP) install --quiet
LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
  --fork-strategy fewest --generate-hashes --group build $(LOCK_ARGS) pyproject.toml

LOCK_ARGS ?=
# Where the environment says that Python shall keep no bytecode, each of the suite's processes would compile anew.
export PYTHONDONTWRITEBYTECODE :=

# make tells every failure by the same code: with a file's name in PYTEST_CODE pytest's own goes there.
PYTEST_ENDED = $(if $(PYTEST_CODE),; code=$$?; echo $$code >"$(PYTEST_CODE)"; exit $$code)
PYTEST_ARGS ?=
CORES := $(shell getconf _NPROCESSORS_ONLN)
# Tests wait for servers, browsers and clients for a quarter of their time: half as many more than there are cores.
TEST_PROCESSES ?= $(shell echo $$(( ($(CORES) * 3 + 1) / 2 )))
PYTEST = $(BIN)/python -m pytest --numprocesses=$(TEST_PROCESSES) --dist=loadfile --no-loadscope-reorder
DEMO_ARGS ?=
RUN_ARGS ?=
BENCH_ARGS ?=
SOAK_ARGS ?=
PEERS_ARGS ?=

.PHONY: help venv install test test-fast test-stores lint types contracts check demo run bench soak soak-several soak-budgets soak-peers faultlab migrate
.PHONY: lock update messages audit newest format clean
.DEFAULT_GOAL := help

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Evenkeel needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "This Python has no venv module (Debian and Ubuntu: the package python3-venv)"; exit 1; }

# What is installed is what the locks say, each file known by its hash; pyproject.toml has the ranges.
$(RUNTIME): requirements.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(RUNTIME)

$(DEV): requirements-dev.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements-dev.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(RUNTIME) $(DEV)

venv: $(BIN)/python ## make .venv

install: $(DEV) ## install Evenkeel and its tools into .venv

test: $(DEV) ## run the whole suite on SQLite (PYTEST_ARGS=…, TEST_PROCESSES=4)
	$(PYTEST) $(PYTEST_ARGS)$(PYTEST_ENDED)

# These wait for nothing, and each further process loads and collects everything once more.
test-fast: TEST_PROCESSES = $(CORES)
test-fast: $(DEV) ## run what needs no socket, no browser and no server
	$(PYTEST) --fast $(PYTEST_ARGS)

test-stores: $(DEV) ## run on PostgreSQL and Redis what another store could change
	TEST_STORES=postgres $(PYTEST) --stores $(PYTEST_ARGS)$(PYTEST_ENDED)

messages: $(DEV) ## the Japanese texts: drop what nobody says, name what is missing, compile
	$(BIN)/python -m tests.proxyproject.messages

lint: $(DEV) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lock: | $(BIN)/uv ## after a change of pyproject.toml: put it into the locks, and leave every other version as it is
	$(LOCK) --output-file requirements.txt
	$(LOCK) --extra dev --constraint requirements.txt --output-file requirements-dev.txt

update: ## put the newest versions that pyproject.toml allows into the locks, and install them
	$(MAKE) lock LOCK_ARGS=--upgrade
	$(MAKE) install

$(BIN)/uv: | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --requirement requirements-dev.txt

audit: $(DEV) ## ask whether vulnerabilities are known of the versions in requirements.txt
	$(BIN)/python .ci/audit.py

newest: $(BIN)/python ## try the newest versions that pyproject.toml allows, in an environment that is thrown away afterwards
	$(BIN)/python .ci/newest.py

format: $(DEV) ## put the source into ruff's format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

types: $(DEV) ## mypy --strict
	PROXY_DATA_DIR=$$(mktemp -d) $(BIN)/mypy

contracts: $(DEV) ## who may import whom
	$(BIN)/lint-imports

check: lint types contracts ## lint, types, contracts

run: $(RUNTIME) ## serve on 127.0.0.1:8045 (RUN_ARGS="--port 9000")
	$(BIN)/python manage.py serve $(RUN_ARGS)

demo: $(RUNTIME) ## serve with a simulated upstream behind it and send a first round of requests
	PROXY_DATA_DIR="$${PROXY_DATA_DIR:-.data/demo}" $(BIN)/python manage.py demo $(DEMO_ARGS)

bench: $(DEV) ## measure, against the simulator
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

soak: $(DEV) ## 12,000 exchanges with every fault at random positions; fails if anything is lost (SOAK_ARGS="--seed 2", SOAK_ARGS=--hostile)
	$(BIN)/python -m tests.soak $(SOAK_ARGS)

soak-several: $(DEV) ## conversations over four workers on two hosts, while Redis, PostgreSQL and a host go away (SOAK_ARGS=--calm)
	$(BIN)/python -m tests.soak.several_hosts.several_run $(SOAK_ARGS)

soak-budgets: $(DEV) ## 5,000 exchanges by 20 keys with budgets on two workers; fails if one passes its budget or is refused below it
	$(BIN)/python -m tests.soak.budget_run $(SOAK_ARGS)

soak-peers: $(DEV) ## the soak's exchanges against other proxies, each installed into a folder of its own (PEERS_ARGS="nginx litellm")
	$(BIN)/python -m tests.soak.other_proxies.peer_run $(PEERS_ARGS)

faultlab: $(RUNTIME) ## every fault through a server of its own: expected against received
	$(BIN)/python manage.py faultlab

migrate: $(RUNTIME) ## bring the database up to date
	$(BIN)/python manage.py migrate

clean: ## remove the environment and every cache; the data directory stays
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov .coverage
