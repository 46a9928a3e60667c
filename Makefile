# Two commands do all set-up: `make demo` runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests mostly wait, for daemons and for deadlines: two workers, a file each, in order: the long ones of fleets come first.
TEST_WORKERS ?= 2
PREFIX ?= /usr/local
DESTDIR ?=
SEEDS ?= 20
SEED_START ?= 1
FAULTS ?=
ROUNDS ?= 0
JOBS ?= 3
LOG ?=
MINUTES ?= 60

.PHONY: help demo test faults slow soak fuzz check format types setup clean simulate install uninstall show-install scale

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: $(STAMP) ## real crashes, three nodes, a kill -9: exactly one issue per bug (a minute)
	@$(BIN)/aggregator demo $(DEMO_ARGS)

test: check ## style, types and every test (under 15 minutes)
	@sh tools/check_namespaces.sh
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(TEST_ARGS)

faults: $(STAMP) ## whatever breaks, round after round (under an hour): make faults FAULTS=kill,partition LOG=rounds.jsonl
	@sh tools/check_namespaces.sh
	@$(BIN)/python -m tests.faults --faults "$(FAULTS)" --rounds $(ROUNDS) --jobs $(JOBS) --seed $(SEED_START) --log "$(LOG)" $(FAULT_ARGS)

slow: $(STAMP) ## the long forms of tests: more kills, more errors (about 15 minutes)
	@$(BIN)/python -m pytest -m slow $(TEST_ARGS)

simulate: $(STAMP) ## many seeds of the simulator: make simulate SEEDS=200 SEED_START=1
	@$(BIN)/python -m tests.simulation all $(SEEDS) $(SEED_START)

soak: $(STAMP) ## good, bad and stopped clients at two nodes: make soak MINUTES=60
	@$(BIN)/python -m tests.soak $(MINUTES)

fuzz: $(STAMP) ## atheris on everything that reads what others wrote: make fuzz MINUTES=60 TARGETS="page spool"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[node,dev,fuzz]'
	@$(BIN)/python -m tests.fuzz $(MINUTES) $(TARGETS)

scale: $(STAMP) ## what fleets of 10 to 10,000 nodes cost, simulated: the table of docs/scale.md (many minutes)
	@$(BIN)/python -m tests.simulation.scale_table $(SIZES)

check: $(STAMP) ## style and strict types only
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --warnings --pythonpath $(BIN)/python

format: $(STAMP) ## rewrite the code in house style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

setup: $(STAMP) ## create the virtual environment and install everything (the others do it by themselves)

# libp2p pulls in fastecdsa, which is built from source: look for what that needs before pip fails on it.
$(STAMP): pyproject.toml tools/check_headers.sh
	@sh tools/check_headers.sh $(PYTHON)
	@echo "setting up $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[node,dev]'
	@# libp2p brings old type stubs that hide trio's own types from pyright.
	@rm -rf $(VENV)/lib/python*/site-packages/trio-stubs
	@touch $(STAMP)

install: ## put the node onto this machine: PREFIX (/usr/local), DESTDIR (docs/install.md)
	@PYTHON='$(PYTHON)' PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' sh tools/install.sh install

show-install: ## both on a clean Debian that boots, with restarts under load (root; about five minutes)
	@sh tests/machine/show.sh

uninstall: ## take it off again; state and configuration stay
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' sh tools/install.sh uninstall

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis tests/javascript/node_modules
