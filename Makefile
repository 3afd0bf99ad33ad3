# Two commands need nothing but Debian 12's python3 and python3-venv: `make demo` and `make test`.
# Each target makes .venv by itself and installs what it needs into it, once for each pyproject.toml.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PYTEST_ARGS ?=
# `pip` shall neither ask nor advertise.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.PHONY: demo test check bench torture servers screenshots format tools clean
.DEFAULT_GOAL := test

demo: $(VENV)/.demo
	@$(BIN)/outrider demo

test: $(VENV)/.test tools
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_floors.py tests/test_mirror.py tests/test_documentation.py

bench: $(VENV)/.test
	@set -e; for script in tests/benchmarks/bench_*.py; do \
	    echo "== $$script"; $(BIN)/python "$$script"; done

torture: $(VENV)/.test tools
	$(BIN)/python tests/torture/simulate.py --steps 1000000
	$(BIN)/python tests/torture/crash.py --points 1000
	$(BIN)/python tests/torture/lostwrites.py --stores 500
	$(BIN)/python tests/torture/soak.py --days 30 --every 60
	MALLOC_ARENA_MAX=1 $(BIN)/python tests/torture/gpu.py --polls 1000000
	MALLOC_ARENA_MAX=1 $(BIN)/python tests/torture/day.py
	$(BIN)/python tests/torture/logday.py
	$(BIN)/python tests/torture/logday.py --model
	$(BIN)/python tests/torture/tail.py --seconds 60 --rate 20000
	$(BIN)/python tests/torture/logs.py --seconds 60 --rate 20000
	$(BIN)/python tests/torture/labels.py --requests 20000 --kills 20
	$(BIN)/python tests/torture/tailsteps.py --seeds 300
	$(BIN)/python tests/torture/tailhangs.py --seeds 100
	OUTRIDER_FUZZ_SECONDS=600 $(BIN)/python -m pytest -n $(WORKERS) -rP tests/torture/test_fuzz.py

# Model servers from PyPI, beside a daemon that reads their logs. TorchServe needs Java 17 and gigabytes; where
# there is one, TORCH names a smaller torch, as in `make servers TORCH=torch==2.13.0+cpu`.
TORCH ?= torch
servers: $(VENV)/.test
	$(BIN)/python tests/servers/compare.py --torch '$(TORCH)'

# Two minutes; the pictures of the README, from real daemons. Look at them before you keep them.
screenshots: $(VENV)/.test
	$(BIN)/python tests/screenshots.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian's tools for the tests, where we may install them; otherwise the run says what it lacks.
# Each is COMMAND=PACKAGE.
TOOLS := mosquitto=mosquitto strace=strace openssl=openssl gcc=gcc /usr/include/stdio.h=libc6-dev \
    vmstat=procps mpstat=sysstat ip=iproute2 systemd-nspawn=systemd-container nft=nftables \
    nginx=nginx-light
tools:
	@missing=; \
	PATH="$$PATH:/usr/sbin"; \
	for tool in $(TOOLS); do \
	    command -v $${tool%=*} >/dev/null || [ -f $${tool%=*} ] || missing="$$missing $${tool#*=}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing Debian's$$missing for the tests"; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	      apt-get install -y -qq --no-install-recommends $$missing </dev/null >/dev/null; } && exit 0; \
	fi; \
	echo "!!!"; \
	echo "!!! NOT INSTALLED:$$missing. The tests that need them are skipped, and the broker may be iotcore."; \
	echo "!!! To run all tests: sudo apt-get install$$missing"; \
	echo "!!!"

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo "Outrider needs Python 3.10 or newer; set PYTHON=..., e.g. make PYTHON=python3.12 test"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "Python's venv module is missing. Install it: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: pyproject.toml $(VENV)/.python
	$(BIN)/python -m pip install --quiet -e '.[demo]'
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.python
	$(BIN)/python -m pip install --quiet -e '.[demo,test]'
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.python
	$(BIN)/python -m pip install --quiet -e '.[demo,test,dev]'
	@touch $@
