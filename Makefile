# setup   create .venv and install racer with its development tools
#         make setup TORCH_INDEX=https://download.pytorch.org/whl/cpu   on Linux: PyTorch without CUDA, 2.7 GB in all and not 6.7
# train   train the centre-line reward on a built-in track and say what came out
# test    checks (format, lint, types, import floors, spelling, docs), then every test but the slow ones,
#         three at a time, since some of them wait
# test-all  every test
# check   the checks alone
# docs    build the docs as a website in build/docs/; a warning is an error
# bench   measure speed on this machine
# faults  kill, fill the disk, flip bits: the long form of the fault list
# reference  fetch real logs of the official simulator into reference/ (76 MB download, 25 MB kept)
# parity  print how racer compares with those logs
# ray     an environment of its own with Ray in .venv-ray, for the test of sweeps on it
# clean   remove .venv and caches

PYTHON ?= python3
TORCH_INDEX ?=
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

TYPES := types types-win32 types-darwin

.PHONY: setup train test test-all check lint $(TYPES) docs format bench faults reference parity ray clean

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "racer needs Python 3.11 or newer: make PYTHON=python3.11 setup")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX),--constraint constraints.txt) torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

train: setup
	$(BIN)/python train_agent.py --reward center_line --track oval

test: check
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: check
	$(BIN)/python -m pytest

check: setup
	$(MAKE) -j 2 $(TYPES) lint docs

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell racer tests docs rewards *.md *.py

types: setup
	$(BIN)/mypy --platform linux --cache-dir .mypy_cache/linux

types-win32 types-darwin: types-%: setup
	$(BIN)/mypy --config-file tests/portable/mypy.ini --platform $* --cache-dir .mypy_cache/$*

docs: setup
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs build/docs

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/racer bench all

faults: setup
	$(BIN)/python -m tests.faults

reference: setup
	test -d reference || $(BIN)/python -m tests.reference_data

parity: reference
	$(BIN)/python -m tests.parity

ray: .venv-ray/installed

.venv-ray/installed: .venv/installed
	$(BIN)/python -m venv .venv-ray
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" > racer.pth
	mv racer.pth "$$(.venv-ray/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")"
	.venv-ray/bin/pip install --quiet ray
	touch $@

clean:
	rm -rf .venv .venv-ray .mypy_cache .ruff_cache .pytest_cache build *.egg-info
