# Two commands are enough: `make run` and `make test`. Both install what they need (bin/install) and start at once the next time.
#
#   make run   PORT=8400 INSTANCE=folder     the whole shop on this machine, with a demo world; Ctrl-C stops it
#   make test  TESTS=tests/core              the checks, then every test; TESTS names fewer
#
# INSTALLER=pip installs with pip instead of uv (a mirror that only pip knows), PYTHON=python3.12 chooses the Python.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
checks := check-types check-behaviours check-form check-imports check-security
.PHONY: help run test check format lint $(checks) tests campaign bench shots readme-shots words lock clean

PORT ?= 8400
INSTANCE ?=
TESTS ?= tests
# Processes of tests: one more than there are cores, because a third of the time of the tests is waiting.
JOBS ?= 3
export PORT INSTANCE
# Some hundred processes are started in a run of the tests; where the environment forbids to keep what was compiled
# (images of containers like to), each would compile 1,800 files again and take twice as long to start.
unexport PYTHONDONTWRITEBYTECODE

bin := .venv/bin
wanted := core partners catalog subscriptions billing checkout provisioning storefront whitelabel_themes sandbox
sized := tests/core/test_money.py tests/provisioning/test_fault_matrix.py tests/billing/test_webhooks.py tests/catalog/test_volumes.py tests/checkout/test_explanations.py tests/browser/test_every_page.py \
  tests/portal/test_tampering.py
packages = $(wildcard $(wanted)) $(wildcard app.py serve.py)

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1|/' | column -t -s '|'

run: ## start the shop with its demo world, on PORT or the next free one
	@bin/install run
	@exec $(bin)/python -m sandbox.supervisor

test: ## everything: format, lint, types, imports, security, then the tests
	@bin/install test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory tests

check: test ## the same as test

lint: ## the checks without the tests, two at a time; each says what it has to say in one piece
	@bin/install test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target --keep-going $(checks)

check-behaviours:
	$(bin)/python -m tests.behaviours --check

check-types:
	$(bin)/pyright

check-form:
	$(bin)/ruff format --check .
	$(bin)/ruff check .

check-imports:
	$(bin)/lint-imports

check-security:
	$(bin)/bandit -q -ll -c pyproject.toml -r $(packages)

tests: ## the tests without the checks
	@bin/install test
	@chromium="$$(bin/install chromium)" && CHROMIUM="$$chromium" $(bin)/pytest -n $(JOBS) --dist loadscope $(TESTS)

format: ## let ruff write it
	@bin/install test
	$(bin)/ruff format .
	$(bin)/ruff check --fix .

campaign: ## every guard taken away, every fault point in every mode, races in full size, a thousand orders under fire, deaths between any two lines, proofs against loss
	@bin/install test
	$(bin)/python -m tests.mutants
	FUZZ=5000 $(bin)/pytest -q tests/lists/test_fuzz.py
	@chromium="$$(bin/install chromium)" && CHROMIUM="$$chromium" CAMPAIGN_SIZE=1 FAULT_MODES=kill,raise,hang \
		$(bin)/pytest -n $(JOBS) --dist loadscope $(sized)
	$(bin)/python -m tests.campaign
	$(bin)/python -m tests.line_kills --each 1
	$(bin)/python -m tests.line_kills --each 1 --minutes 1 --variants again,stop
	$(bin)/python -m tests.losses

bench: ## speed, as ratios to the limit pages of the same run; a shelf of 100,000 plans; the lists of 10,000 resellers and 100,000 customers
	@bin/install test
	@missed=0; $(bin)/python -m benchmarks || missed=1; $(bin)/python -m benchmarks.shelves || missed=1; $(bin)/python -m benchmarks.scale || missed=1; exit $$missed

shots: ## pictures of every page at 360 and 1280 px, light and dark, in shots/; INSTANCE names a shop that runs already
	@bin/install test
	@chromium="$$(bin/install chromium)" && CHROMIUM="$$chromium" $(bin)/python -m tests.shots $(INSTANCE)

readme-shots: ## the three pictures of the README, of an installation that runs (INSTANCE)
	@bin/install test
	@chromium="$$(bin/install chromium)" && CHROMIUM="$$chromium" $(bin)/python -m tests.readme_shots $(INSTANCE)

words: ## gather what there is to translate; LANGUAGES="de fr" brings those up to date
	@bin/install test
	@$(bin)/python bin/words $(LANGUAGES)

lock: ## draw up the lock files again from pyproject.toml
	@bin/install test
	bin/lock

clean: ## forget what was installed; instance folders stay
	rm -rf .venv .node node_modules
