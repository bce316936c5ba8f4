# Clairvoie. `make` lists the targets. Needs Python 3.11 or newer, make and a package index; nothing else.
PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-input
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet
HOOK := pyproject.toml hatch_build.py frontend/package-lock.json
.DEFAULT_GOAL := help
.PHONY: help demo test check bench docs pictures lab lock bom wheel reproducible clean
.DELETE_ON_ERROR:

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime  ## a street on this machine: open the address it prints
	@$(BIN)/clairvoie demo

test: $(VENV)/.test  ## every test that this machine can run, doctests included
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/.test  ## style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy hatch_build.py tools benchmarks

bench: $(VENV)/.runtime  ## the benchmarks, in their small size; they print ratios and never fail on speed
	@set -e; for script in benchmarks/*.py; do $(BIN)/python $$script; done

docs: $(VENV)/.test  ## write the generated parts of docs/ and check the rest
	$(BIN)/python tools/code_lengths.py docs/egress.md
	$(BIN)/python tools/command_line.py docs/command-line.md
	$(BIN)/python tools/figures.py README.md
	$(BIN)/python tools/leak_tables.py docs/leak.md
	$(BIN)/python -m pytest -q tests/test_docs.py

pictures: $(VENV)/.test  ## take the documentation's pictures from a running demonstration (needs Chromium)
	$(BIN)/python tools/screenshot.py docs

lab: $(VENV)/.lab  ## add torch and onnx, for `clairvoie lab train`

bom: $(VENV)/.bom build/runtime/.made  ## bill of materials (CycloneDX) of what is locked for run time, licences checked
	$(BIN)/cyclonedx-py environment --output-reproducible --output-format JSON --pyproject pyproject.toml \
	  --output-file build/environment.cdx.json build/runtime
	$(BIN)/python tools/bill_of_materials.py build/environment.cdx.json dist/clairvoie.cdx.json

wheel: $(VENV)/.test  ## dist/clairvoie-*.whl, with everything in it
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

reproducible: $(VENV)/.test  ## build the wheel twice, in different circumstances: the bytes must be the same
	$(BIN)/python tools/reproducible_wheel.py

lock: $(VENV)/.test  ## resolve every dependency anew and write requirements/*.txt, with hashes
	$(PIP) 'uv>=0.9'
	$(LOCK) --upgrade --output-file requirements/runtime.txt
	$(LOCK) --upgrade --group build --constraint requirements/runtime.txt --output-file requirements/build.txt
	$(LOCK) --upgrade --group build --group test --group check --constraint requirements/runtime.txt --output-file requirements/test.txt
	$(LOCK) --upgrade --group bom --constraint requirements/test.txt --output-file requirements/bom.txt
	$(subst pyproject.toml,requirements/lab.in,$(LOCK)) --upgrade --constraint requirements/test.txt --output-file requirements/lab.txt

clean:  ## remove what was built; the next target makes it again
	rm -rf $(VENV) build dist site demo-state src/clairvoie/views/static/vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests tools benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Clairvoie needs Python 3.11 or newer; $(PYTHON) is: $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "No virtual environment could be made (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@touch $@

$(VENV)/.runtime: requirements/build.txt $(HOOK) | $(VENV)/.made
	@echo "Installing what Clairvoie needs into $(VENV); the first time this takes a minute or two."
	@$(PIP) --require-hashes --requirement requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.runtime
	@echo "Installing what its tests need."
	@$(PIP) --require-hashes --requirement requirements/test.txt
	@touch $@

$(VENV)/.lab: requirements/lab.txt requirements/lab.in $(VENV)/.test
	@echo "Installing $(TORCH) and onnx. Without a graphics card, see that your index offers the processor's build."
	@$(PIP) --require-hashes --requirement requirements/lab.txt
	@$(PIP) --no-deps '$(TORCH)'
	@touch $@

$(VENV)/.bom: requirements/bom.txt $(VENV)/.runtime
	@$(PIP) --require-hashes --requirement requirements/bom.txt
	@touch $@

# The bill of materials describes an environment that holds the run-time lock and nothing else.
build/runtime/.made: requirements/runtime.txt | $(VENV)/.made
	@rm -rf build/runtime && mkdir -p build dist
	@$(PYTHON) -m venv --without-pip build/runtime
	@$(BIN)/python -m pip --disable-pip-version-check --python build/runtime/bin/python install --quiet --no-input --require-hashes --requirement requirements/runtime.txt
	@touch $@
