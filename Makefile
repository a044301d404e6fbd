# Two commands: `make demo` and `make test`. Both set up .venv first, and touch nothing outside this folder.

PYTHON ?= python3
BIN := .venv/bin
LOGGER := $(wildcard workflow/logger/pyproject.toml workflow/logger/*/*.py)

.PHONY: help setup setup-dev demo test-unit test test-slow test-slurm benchmarks docs lint lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

.venv/installed: requirements.lock $(LOGGER)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; found " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@echo "Setting up .venv with the packages of requirements.lock. It takes about a minute, and needs the network."
	@$(PYTHON) -m venv .venv
	@echo "Downloading and installing $$(grep -c '^[a-z].*==' requirements.lock) packages ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall ./workflow/logger
	@echo "Installed. It is not needed again until requirements.lock changes."
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	@echo "Installing what tests, lint and the documentation need ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: .venv/installed ## make the virtual environment .venv with pinned, hashed dependencies

setup-dev: .venv/installed-dev ## add what tests, lint and the documentation need

demo: setup ## build laion2B-11.h5, metadata-11.tsv, gold-11.h5 and laion2b-report.html from a small mirror made here; MIRROR=bad makes it misbehave
	@$(BIN)/python -m demo --mirror $(or $(MIRROR),good)

test-unit: setup-dev ## run the tests of the library, in seconds
	$(BIN)/python -m pytest -n 2 tests/unit tests/test_repository.py

test: setup-dev ## run all tests that take seconds
	$(BIN)/python -m pytest -m "not slow and not slurm" -n 2 --dist worksteal

test-slow: setup-dev ## run the tests that take minutes: a part of true size, crashes, full disks
	$(BIN)/python -m pytest -m slow -n 2 --dist worksteal

test-slurm: setup-dev ## run the workflow on a real Slurm, started here; needs Debian's slurmctld, slurmd, slurm-client, munge
	$(BIN)/python -m pytest -m slurm -n 8

.venv-peers/installed: benchmarks/peers/requirements.lock
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

benchmarks: setup-dev .venv-peers/installed ## measure how fast it is; an hour, and 60 GB in .benchmarks; OPTIONS=--help tells more
	$(BIN)/python -m benchmarks --peers .venv-peers/bin/python $(OPTIONS)

docs: setup-dev ## write docs/configuration.md from the schema, and render all pages as a site in .site
	$(BIN)/python docs/configuration.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

lint: setup-dev ## check style, types, spelling and shell scripts, and the workflow with Snakemake's linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/shellcheck .ci/run bin/laion2b $$(git ls-files '*.sh')
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

COMPILE := uv pip compile --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-header \
  --no-annotate --no-emit-index-url --no-emit-find-links --upgrade

lock: ## renew the three lock files: for users, for development, for the benchmarks (needs uv)
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(COMPILE) benchmarks/peers/requirements.in --output-file benchmarks/peers/requirements.lock

clean: ## remove .venv and the files of the demo and the benchmarks
	rm -rf .venv .venv-peers .demo .benchmarks
