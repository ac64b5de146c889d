# The README's commands. They use a virtual environment beside this file, which is created once and
# updated when setup.py or pyproject.toml change.
PYTHON  ?= python3
PHOTO   ?= assets/samples/astronaut.jpg
DATA    ?= flickr8k
RECIPE  ?= best
OUTPUT  ?= models

LOCALE := image_describer/locale
VENV := .venv
BIN  := $(VENV)/bin
APP  := $(VENV)/.installed-app
DEV  := $(VENV)/.installed-dev

.PHONY: run app doctor test test-slow test-all lint tree translations bench train wheel clean

run: $(APP)
	$(BIN)/image-describer describe --speak "$(PHOTO)"

app: $(APP)
	$(BIN)/image-describer-app

doctor: $(APP)
	$(BIN)/image-describer doctor

test: $(DEV)
	$(BIN)/python -m pytest -m "not slow and not net"

# What `make test` leaves out; .ci/run calls both.
test-slow: $(DEV)
	$(BIN)/python -m pytest -m "slow and not net"

test-all: $(DEV)
	$(BIN)/python -m pytest

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

tree: $(DEV)
	$(BIN)/python docs/tree.py
	$(BIN)/lint-imports

# Collects the marked strings, brings the catalogues up to date and compiles them.
translations: $(DEV)
	$(BIN)/pybabel extract -F pyproject.toml -k plural:1,2 --no-wrap --sort-output \
		--add-location=file --project="Image Describer" --output=$(LOCALE)/image_describer.pot .
	$(BIN)/pybabel update -D image_describer -i $(LOCALE)/image_describer.pot -d $(LOCALE) \
		--no-wrap --no-fuzzy-matching --ignore-obsolete
	$(BIN)/pybabel compile -D image_describer -d $(LOCALE) --statistics

bench: $(DEV)
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/warm.py

train: $(DEV)
	$(BIN)/python -m image_describer.train --data "$(DATA)" --recipe "$(RECIPE)" \
		$(if $(OUTPUT),--output "$(OUTPUT)") $(if $(WEIGHTS),--weights "$(WEIGHTS)") \
		$(if $(VECTORS),--vectors "$(VECTORS)")

# setuptools would pack leftovers of an earlier build.
wheel: $(BIN)/python
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A bare Debian has Python and pip but not ensurepip (package python3-venv). Its own pip can install
# into a virtual environment that was created without one.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || \
		{ echo "Image Describer needs Python 3.10 to 3.13; $(PYTHON) is another or is missing." \
		       "Name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || \
		{ rm -rf $(VENV) && $(PYTHON) -m venv --without-pip $(VENV) && \
		  $(PYTHON) -m pip --quiet --python $(BIN)/python install pip; } || \
		{ rm -rf $(VENV); \
		  echo "I can't make a virtual environment with $(PYTHON). On Debian and Ubuntu:" \
		       "sudo apt-get install python3-venv python3-pip" >&2; exit 1; }

$(APP): $(BIN)/python setup.py pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(DEV): $(BIN)/python setup.py pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $(APP) $@
