# Every target works on a fresh clone: each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
BOARD ?= esp32_s3_devkitc
SEED ?= 1
ARGS ?=

.PHONY: setup run test test-quick prove check sim bench image clean

setup: $(STAMP) node_modules/.ready

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -r requirements.lock
	$(BIN)/pip install -q --no-deps -e .
	@touch $@

node_modules/.ready: package-lock.json $(STAMP)
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund || PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund
	@touch $@

run: $(STAMP)
	$(BIN)/meter run $(ARGS)

test: setup check
	tests_host/system.sh
	$(BIN)/python -m pytest -n 2

test-quick: setup
	$(BIN)/python -m pytest -n 2 -m "not slow"

prove: setup
	tests_host/system.sh
	$(BIN)/python -m tests_host.prove

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/pyright -p boards -t "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	$(BIN)/python -m tests_host.house
	$(BIN)/python -m host_tools.events --check

sim: $(STAMP)
	$(BIN)/meter sim --until 1h --load 2300W --seed $(SEED) $(ARGS)

bench: setup
	tests_host/system.sh
	$(BIN)/python -m tests_host.benchmarks

image: $(STAMP)
	$(BIN)/python -m host_tools.image $(BOARD)

clean:
	rm -rf build .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path "./$(VENV)/*" -prune -exec rm -rf {} +
