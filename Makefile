PYTHON ?= python3
BIN := .venv/bin

.PHONY: venv demo test test-editors lint docs

venv: .venv/.ready

.venv/.ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

demo: venv
	$(BIN)/raiha demo --out demo-out

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: venv lint
	$(BIN)/python -m pytest
