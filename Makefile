# What a user does with the product. `make` alone lists it.
#
# State lives in .rtm/ (or RTM_HOME); everything below runs in the locked environment there.

RTM_HOME ?= $(CURDIR)/.rtm
override RTM_HOME := $(abspath $(RTM_HOME))
export RTM_HOME

# The first Python that the product runs on; `make PYTHON=/path/to/python3.12 …` overrides it.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c "" 2>/dev/null && echo $$python && break; done)
BIN = $(RTM_HOME)/venv/bin
RUN = PYTHONPATH="$(CURDIR)/plugins" $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help install demo up down test bench check docs dictionary readme dashboards screenshots lock

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: ## make the locked environment below .rtm/ (the other targets do it themselves)
	@test -n "$(PYTHON)" || { echo "make: no python3 found; install Python 3.11 or 3.12, or give PYTHON=/path/to/it" >&2; exit 1; }
	@$(PYTHON) scripts/install.py "$(RTM_HOME)/venv"

demo: install ## a simulated centre: the whole system, a day of data, the board, live traffic
	@./rtm stack demo

up: install ## the whole system, without data
	@./rtm stack up

down: ## stop everything that was started
	@test ! -e "$(RTM_HOME)/venv/installed" || ./rtm stack down

test: install ## every test, or those that ARGS="..." names to pytest
	@$(BIN)/python scripts/system_packages.py
ifeq ($(ARGS),)
	@$(RUN) -m pytest --numprocesses 2 --dist worksteal -m "not alone"
	@$(RUN) -m pytest -m alone
else
	@$(RUN) -m pytest $(ARGS)
endif

bench: install ## the benchmarks; FULL=1 for all of them at full size
	@$(RUN) -m benchmarks $(if $(FULL),--full)

check: install ## formatters, linters, types, SQL, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(RUN) scripts/check_compose.py
	$(RUN) -m pytest -q tests/test_lock.py tests/grafana/test_dashboards.py \
		tests/dbt_project/test_dictionary.py tests/dbt_project/test_exposures.py \
		-k "lock or generates or dashboards or exposures"

docs: install ## every table with its lineage and its readers, as one page for a browser
	@$(RUN) scripts/docs_page.py

dictionary: install ## renew docs/data-dictionary.*.md from the descriptions of the marts
	$(RUN) scripts/dictionary.py

readme: install ## renew the board in README.md
	$(RUN) scripts/readme.py

screenshots: install ## take the pictures of docs/procedure.md anew (needs Chromium)
	$(RUN) scripts/screenshots.py

dashboards: install ## generate grafana/dashboards/ from grafana/source/
	$(RUN) -m grafana.source

lock: install ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --python-version 3.11 -o requirements.lock
