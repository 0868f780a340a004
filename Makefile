# Everything a newcomer needs is `make demo` and `make test`.

PYTHON ?= python3.12
BIN := .venv/bin
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
	--no-header

.PHONY: demo test install lint generate check-generated lock bench

demo: install
	$(BIN)/speedrun-ci check submissions/hello_world

test: install
	$(BIN)/python -m pytest

install: .venv/installed

# uv is told which environment: it would take one that is active in the user's shell.
# Bytecode is compiled once, here: it takes the import of levanter from 19 s to 8 s, and the checker's from 0.4 s to 0.2 s.
.venv/installed: pyproject.toml requirements/uv.txt requirements/dev.txt
	@$(PYTHON) -c '' || { echo "Python 3.12 is needed: install it, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/uv.txt
	$(BIN)/uv pip install --python $(BIN)/python --quiet --compile-bytecode --require-hashes --requirement requirements/dev.txt
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q speedrun_ci training submissions
	touch $@

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Schemas, rule pages and the README's help text are made from the code.
generate: install
	$(BIN)/python scripts/generate.py

check-generated: install
	$(BIN)/python scripts/generate.py --check

lock: install
	$(UV_COMPILE) requirements/uv.in --output-file requirements/uv.txt
	$(UV_COMPILE) pyproject.toml --output-file requirements/plain.txt
	$(UV_COMPILE) pyproject.toml --extra training --constraint requirements/plain.txt \
		--output-file requirements/training.txt
	$(UV_COMPILE) pyproject.toml --extra training --group dev --constraint requirements/training.txt \
		--output-file requirements/dev.txt

bench: install
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/tree.py
