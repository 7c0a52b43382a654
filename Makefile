# Everything one does with a checkout. Needs Python 3.11 and make; sets itself up in .venv on first use.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
READY = .venv/ready
MINE = .venv/bin
LOCK = $(MINE)/uv pip compile -q --upgrade --generate-hashes --python-version 3.11 --no-header --no-annotate

.DEFAULT_GOAL = help
.PHONY: help demo test check sim stress bench interop tables lock clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## run everything here and show it; ONCE=1 plays the stories and leaves, PORT= chooses where
	$(MINE)/flask --app wsgi demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

test: $(READY) ## run the tests, on a PostgreSQL and Redis of their own; ONLY="tests/ledger -k laws" for some
ifdef ONLY
	$(MINE)/pytest $(ONLY)
else
	$(MINE)/pytest -n auto -m "not journey"
	$(MINE)/pytest -m journey  # a house of real processes wants the machine to itself
endif

check: $(READY) ## what must hold before a change is kept: style, types, tests
	$(MINE)/ruff check .
	$(MINE)/ruff format --check .
	$(MINE)/mypy
	$(MAKE) test

sim: $(READY) ## live through all that can go wrong; SEEDS=20000, SEED=7 tells one, STORE=postgres, MUTANTS=1 breaks us
	$(MINE)/python -m tests.sim $(if $(SEEDS),--seeds $(SEEDS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(STORE),--store $(STORE)) $(if $(MUTANTS),--mutants)

stress: $(READY) ## pay 10,000 while workers are killed and the network misbehaves; COUNT= SEED=
	$(MINE)/python -m tests.stress

bench: $(READY) ## measure, as ratios against a floor measured in the same run
	$(MINE)/python -m tests.bench
	$(MINE)/python -m tests.bench.network

interop: $(READY) ## run against other people's programs from npm; needs Node and a registry
	RAILHEAD_INTEROP=1 $(MINE)/pytest tests/interop $(ONLY)

tables: $(READY) ## write the tables of README.md anew, from the code
	$(MINE)/python -m tests.readme

lock: $(READY) ## pin every dependency anew, with hashes
	$(MINE)/pip install --quiet --disable-pip-version-check uv
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt

clean: ## forget what the demo remembers, and all that was generated; .venv stays
	$(PYTHON) -m app.sandbox.state
	rm -rf var .pytest_cache .mypy_cache .ruff_cache .hypothesis celerybeat-schedule*
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(READY): requirements-dev.txt
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('Python 3.11 or newer is needed')"
	$(PYTHON) -m venv .venv
	$(MINE)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@
