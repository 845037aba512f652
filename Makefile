# Two commands, each enough on its own on a fresh Debian 12:
#   make run     opens irec-live (ARGS="gui song.flac" and the like are handed to it)
#   make test    lint, types, import contracts, test suite (PYTEST_ARGS="-k ring" narrows the last)
# and: make app (dist/irec-live, a folder that needs no Python); for those who change the code: make lint,
# make format, make bench, make benchmark, make soak, make fuzz, make fuzz-service, make screenshot, make licences, make constraints.

PYTHON ?= python3
export PYTHON
BIN := .venv/bin
SETUP := .ci/setup

.PHONY: run test app lint lint-code lint-format lint-types lint-contracts ready format bench benchmark soak fuzz fuzz-service screenshot \
    licences constraints translations

run:
	@$(SETUP) run
	@$(BIN)/irec-live $(ARGS)

# PYTEST_ARGS may select tests of one kind only; pytest's status 5 says that it found none of the other.
OR_NONE = $(if $(PYTEST_ARGS),|| [ $$? -eq 5 ])
# Where the tests in real time are: to look for them in all files takes half a minute in which a processor is idle.
REALTIME = $(if $(PYTEST_ARGS),,$(shell grep -rl --include="test_*.py" "pytest\.mark\.realtime" tests))

# What runs at the pace of time comes first and alone; the rest shares the cores, a file to each process. Whatever
# fails, the rest runs all the same, and the end says what failed.
test:
	@$(SETUP) test
	@failed=""; \
	$(MAKE) --no-print-directory --keep-going --jobs=2 lint || failed="$$failed, lint"; \
	$(BIN)/pytest -m realtime $(REALTIME) $(PYTEST_ARGS) $(OR_NONE) || failed="$$failed, the tests in real time"; \
	$(BIN)/pytest -m "not realtime" --numprocesses auto --maxprocesses 4 --dist loadfile $(PYTEST_ARGS) $(OR_NONE) \
	    || failed="$$failed, the other tests"; \
	[ -z "$$failed" ] || { echo "make test: failed: $${failed#, }" >&2; exit 1; }

lint: lint-code lint-format lint-types lint-contracts

lint-code: ready
	$(BIN)/ruff check

lint-format: ready
	$(BIN)/ruff format --check

lint-types: ready
	$(BIN)/mypy

lint-contracts: ready
	$(BIN)/lint-imports

# The app for machines without Python, tried once it is made.
app:
	@$(SETUP) test
	@.ci/app $(BIN)/python dist

ready:
	@$(SETUP) test

format:
	@$(SETUP) test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The README's figures in one run, as a table and as JSON: BENCH_ARGS="--minutes 1 --json speed.json".
bench:
	@$(SETUP) test
	$(BIN)/python tests/benchmarks/speed.py $(BENCH_ARGS)

# Single parts, for whoever works on them.
benchmark:
	@$(SETUP) test
	$(BIN)/pytest tests/benchmarks --benchmark-enable --benchmark-only --timeout 1800 $(PYTEST_ARGS)

# A day of sound, faster than real time, then an hour in real time on a machine kept busy; HOURS=0.5 MINUTES=2 shortens.
HOURS ?= 24
MINUTES ?= 60
soak:
	@$(SETUP) test
	$(BIN)/python tests/support/soak.py sound --hours $(HOURS)
	$(BIN)/python tests/support/soak.py busy --minutes $(MINUTES)

# Damaged files by the thousand; FUZZ_ARGS="--only models --cases 100 --seed 7" narrows.
fuzz:
	@$(SETUP) test
	$(BIN)/python tests/support/fuzz.py $(FUZZ_ARGS)

# The server, asked by Schemathesis whatever its OpenAPI page allows; that program has an environment of its own.
fuzz-service:
	@$(SETUP) test
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv venv --quiet --allow-existing build/schemathesis
	$(BIN)/uv pip install --quiet --python build/schemathesis schemathesis
	$(BIN)/python tests/support/fuzz_service.py --schemathesis build/schemathesis/bin/schemathesis \
	    --max-examples 20 $(FUZZ_ARGS)

# The README's picture: the app on its demo clip, on a screen of its own.
screenshot:
	@$(SETUP) test
	xvfb-run -a -s "-screen 0 1280x720x24" $(BIN)/irec-live gui assets/irec_assets/audio/demo.ogg \
	    --screenshot assets/screenshot.png --after 22

# The list of what is shipped and what is required, with its licences, read from what is installed.
licences:
	@$(SETUP) test
	$(BIN)/python tests/support/licences.py docs/licences.md

# Collects the window's sentences into irec_live/gui/translations and compiles them; ADD=fr begins a language.
translations:
	@$(SETUP) test
	PYTHONPATH=tests/support QT_QPA_PLATFORM=offscreen $(BIN)/python tests/support/translations.py $(ADD)

# Re-resolves the pins for every platform and keeps those that still fit; UV_ARGS="--upgrade-package numpy" moves one.
constraints:
	@$(SETUP) test
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --no-annotate \
	    --custom-compile-command "make constraints" --output-file .ci/constraints.txt $(UV_ARGS)
