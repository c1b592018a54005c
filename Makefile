# make play   opens the game           make test   runs every test (make unit, make e2e: one kind)
# make lint   ruff, mypy, imports      make bench  prints what the game costs
# make load   plays on a host with 1, 20, 40 and 60 scripted visitors (minutes; ARGS="60 --seconds 30" for others)
# make tfjs   installs the real TensorFlow.js, which the tests of importing models run where Node is there
# make dist   builds the wheel         make clean  removes what make made
# make weights ARGS="--data DATA" makes the weights that ship, stage by stage (hours; goes on where it was)
# make baselines ARGS="--data DATA" trains the networks that ours is compared with, and prints the table (hours; goes on where it was)
# make attack tries broken and hostile input on every part, for minutes (ARGS="--count 2000 settings" for some)
#
# Everything is installed into .venv, pinned by constraints.txt. `make play CPU=1` takes torch's small CPU build from PyTorch's own
# index; without it, Linux gets the CUDA build from PyPI, which also works and takes some gigabytes.

PYTHON ?= python3
BIN := .venv/bin
TORCH := $(shell grep '^torch==' constraints.txt)

# Python keeps what it has compiled, also where the environment forbids it: the tests start hundreds of processes of the package.
unit e2e e2e-programs e2e-clock: export PYTHONDONTWRITEBYTECODE =

.PHONY: play test unit e2e e2e-programs e2e-clock tfjs lint bench load weights baselines attack evening docs pictures dist clean

play: .venv/installed
	@$(BIN)/voicetrail play $(ARGS)

# Both kinds run, also where the first fails; that ARGS chooses no test of one kind (code 5) is no fault.
test:
	@$(MAKE) --no-print-directory --keep-going unit e2e

# Five workers on two cores, because many tests wait. The tests of a file run in one worker, which makes its fixtures once.
unit: .venv/installed-dev
	$(BIN)/pytest -m "not e2e and not evening" --ignore tests/e2e -n 5 --dist loadfile $(ARGS) || [ $$? = 5 ]

e2e:
	@$(MAKE) --no-print-directory --keep-going e2e-programs e2e-clock

# Whole programs, for which it does not matter what else runs.
e2e-programs: .venv/installed-dev
	$(BIN)/pytest -m "e2e and not clock and not evening" -n 2 --dist loadfile $(ARGS) || [ $$? = 5 ]

# One after the other: these go by the clock.
e2e-clock: .venv/installed-dev
	$(BIN)/pytest -m "e2e and clock and not evening" $(ARGS) || [ $$? = 5 ]

tfjs: tools/tfjs/node_modules/.package-lock.json

tools/tfjs/node_modules/.package-lock.json: tools/tfjs/package.json tools/tfjs/package-lock.json
	cd tools/tfjs && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: .venv/installed-dev
	$(BIN)/python -m bench $(ARGS)

load: .venv/installed-dev
	$(BIN)/python -m bench.host $(ARGS)

weights: .venv/installed-dev
	$(BIN)/python -m voicetrail.training.fit.stages $(ARGS)

baselines: .venv/installed-dev
	$(BIN)/python -m voicetrail.training.fit.baselines $(ARGS)

attack: .venv/installed-dev
	$(BIN)/python -m tools.attack $(ARGS)

pictures: .venv/installed-dev
	$(BIN)/python -m tools.pictures

evening: .venv/installed-dev
	$(BIN)/pytest -m evening -s $(ARGS)

docs: .venv/installed-dev
	$(BIN)/mkdocs build --quiet --strict

dist: .venv/installed-dev
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf .venv build dist site bench.json

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "voicetrail needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "no virtual environment could be made: sudo apt install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --upgrade --disable-pip-version-check -c constraints.txt pip
	@touch $@

.venv/torch: .venv/made constraints.txt
	@echo "installing torch (once) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check $(if $(CPU),--index-url https://download.pytorch.org/whl/cpu) $(TORCH)
	@touch $@

.venv/installed: .venv/torch pyproject.toml constraints.txt
	@echo "installing voicetrail …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[export,serve]'
	@touch $@

.venv/installed-dev: .venv/torch pyproject.toml constraints.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --group dev -e '.[export,host,onnx,serve,train]'
	@touch $@ .venv/installed
