# Everything a newcomer types. Needs git, make and Python 3.11 to 3.13; a C compiler is used where there is one.
# Set-up happens by itself, in .venv, the first time something needs it and whenever what it depends on changes.

PYTHON ?= python3
PROFILE ?= smoke
IN := .venv/bin

.PHONY: help setup run test check lint types rings format lab golden bench coverage-study self-test readme lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: .venv/.ready ## set up .venv, as every other target does when needed (about a minute)

run: .venv/.ready ## every study once (about three minutes); PROFILE=audit gives evidence, and takes long
	@$(IN)/python -m bizra_lab run --profile $(PROFILE)

test: .venv/.ready ## all tests, and every golden notebook compared to the digit
	@$(IN)/python -m pytest --numprocesses 2 --dist loadscope

check: lint types rings test ## what CI asks: format and lint, types, rings, tests, notebooks

lint: .venv/.ready ## format and lint, changing nothing
	@$(IN)/ruff format --check
	@$(IN)/ruff check

types: .venv/.ready ## mypy, strict
	@$(IN)/python -m mypy

rings: .venv/.ready ## who may import whom
	@$(IN)/lint-imports --no-logo

format: .venv/.ready ## format, and repair what lint can
	@$(IN)/ruff format
	@$(IN)/ruff check --fix

lab: .venv/.ready ## JupyterLab on the first notebook, on this machine only
	@$(IN)/python -m bizra_lab lab

golden: .venv/.ready ## execute the golden notebooks again; look at the difference before committing it
	@$(IN)/python -m bizra_lab.suite.golden

bench: .venv/.ready ## measure beside the peers; writes benchmarks/RESULTS.md
	@$(IN)/python -m benchmarks

coverage-study: .venv/.ready ## how often intervals hold the truth (a quarter of an hour); writes benchmarks/INTERVALS.md
	@$(IN)/python -m benchmarks._interval_study

self-test: .venv/.ready ## what the auditor makes of planted faults (ten minutes); writes benchmarks/AUDITOR.md
	@$(IN)/python -m benchmarks._self_test

readme: .venv/.ready ## show the latest run's breaker in the README
	@$(IN)/python -m benchmarks._readme

# Keeps the versions that are locked; UPGRADE=--upgrade takes the newest.
lock: .venv/.ready ## write requirements.lock anew from pyproject.toml
	@$(IN)/python -m uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
		--no-header --no-annotate $(UPGRADE) --output-file requirements.lock pyproject.toml

clean: ## remove .venv and what tools left; outputs/ is kept, it is evidence
	@rm -rf .venv build dist *.egg-info .benchmarks .hypothesis .*_cache
	@rm -f bizra_lab/*/_*.so .compiler
	@find . -type d -name __pycache__ -prune -exec rm -rf {} +

# Which compiler was asked for: with another one the recorder is built anew.
.compiler: FORCE
	@[ "$$(cat $@ 2> /dev/null)" = "$(CC)" ] || echo "$(CC)" > $@

FORCE:

# The stamp goes first and comes back last: a set-up that was killed is begun again from nothing.
# Whatever is installed is locked by hash, the installer and the build tool among it. Compiled at once, since Python may
# have been told not to (PYTHONDONTWRITEBYTECODE), and then every start would pay for it.
# An old recorder is removed first: where the compiler fails, the build succeeds without one, and would keep it.
.venv/.ready: requirements.lock pyproject.toml setup.py $(wildcard bizra_lab/*/_*.c) .compiler
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2> /dev/null || { \
		echo "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) --version says: $$($(PYTHON) --version 2>&1 | tail -n 1)." \
			"Name another: make PYTHON=python3.12" >&2; exit 2; }
	@[ -e $@ ] || { echo "Setting up .venv: some 150 locked packages, about a minute, once."; \
		$(PYTHON) -m venv --clear .venv; }
	@rm -f $@
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/installer.txt
	@$(IN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/installer.txt
	@echo "  the locked packages …"
	@$(IN)/python -m uv pip sync --quiet --python $(IN)/python --require-hashes --compile-bytecode requirements.lock
	@echo "  bizra_lab itself …"
	@rm -rf build bizra_lab/*/_*.so
	@$(IN)/python -m uv pip install --quiet --python $(IN)/python --no-deps --no-build-isolation \
		--reinstall-package bizra-lab --editable .
	@ls bizra_lab/harness/_recorder*.so > /dev/null 2>&1 && echo "  ready; latencies are recorded in C" \
		|| echo "  ready; no working C compiler: latencies are recorded in Python, which costs more per operation"
	@touch $@
