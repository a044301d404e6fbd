# Two commands: `make demo` and `make test`. Both set up .venv first, and touch nothing outside this folder.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test test-slow test-slurm benchmarks lint lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; found " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

setup: .venv/installed ## make the virtual environment .venv with pinned, hashed dependencies

demo: setup ## build laion2B-11.h5, metadata-11.tsv and report.html from a small mirror made here; MIRROR=bad makes it misbehave
	$(BIN)/python -m demo --mirror $(or $(MIRROR),good)

test: setup ## run all tests that take seconds
	$(BIN)/python -m pytest -m "not slow and not slurm" -n 2

test-slow: setup ## run the tests that take minutes: a part of true size, crashes, full disks
	$(BIN)/python -m pytest -m slow -s

test-slurm: setup ## run the workflow on a real Slurm, started here; needs Debian's slurmctld, slurmd, slurm-client, munge
	$(BIN)/python -m pytest -m slurm -n 7

.venv-peers/installed: benchmarks/peers/requirements.lock
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

benchmarks: setup .venv-peers/installed ## measure how fast it is; an hour, and 60 GB in .benchmarks; OPTIONS=--help tells more
	$(BIN)/python -m benchmarks --peers .venv-peers/bin/python $(OPTIONS)

lint: setup ## check style, and the workflow with Snakemake's linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

lock: ## renew requirements.lock and that of the benchmarks (needs uv)
	uv pip compile pyproject.toml --group dev --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --upgrade --output-file requirements.lock
	uv pip compile benchmarks/peers/requirements.in --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --upgrade \
	  --output-file benchmarks/peers/requirements.lock

clean: ## remove .venv and the files of the demo and the benchmarks
	rm -rf .venv .venv-peers .demo .benchmarks
