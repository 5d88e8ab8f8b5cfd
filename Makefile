PYTHON ?= python3
BIN := .venv/bin

# Threads that wait must not spin: tests run several programs on a few cores.
export OMP_WAIT_POLICY = passive

.PHONY: venv dist demo pictures test test-slow test-editors lint types docs

venv: .venv/.ready

# What users have: the core.
.venv/.core: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

# What tests and training need, torch included.
.venv/.ready: .venv/.core
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

demo: .venv/.core
	$(BIN)/raiha demo --out demo-out
	@echo "$(BIN)/raiha is ready to use: $(BIN)/raiha --help"

# The files of a release, in dist/: wheel, source archive, the plug-ins as zips, SHA-256 sums.
dist: venv
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python -m raiha.backend.plugin_installer.release dist

# The picture at the top of README. Commit it when the weights are final: each version stays in the history.
pictures: demo
	cp demo-out/before-after.jpg docs/images/before-after.jpg

# mypy follows no import hooks, as the editable install has one: here it finds every package by its installed name,
# and each plug-in with the client inside it, as `raiha install-plugin` puts them in place.
types:
	rm -rf .cache/types
	mkdir -p .cache/types/raiha .cache/types/krita_raiha .cache/types/gimp_plugin
	touch .cache/types/raiha/__init__.pyi
	ln -s $(addprefix $(CURDIR)/,backend gallery_tools training) .cache/types/raiha
	ln -s $(CURDIR)/plugin_krita/raiha/*.py $(CURDIR)/backend/client .cache/types/krita_raiha
	ln -s $(CURDIR)/plugin_gimp/harmonize/*.py $(CURDIR)/backend/client .cache/types/gimp_plugin

lint: venv types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Lint, types, and the tests for everyday work: a process for each core, at most eight, each with a thread of torch.
test: venv lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m "not slow" -n logical --maxprocesses 8 --dist loadfile

# The tests that take longer: whole training runs, the demo, benchmarks.
test-slow: venv
	$(BIN)/python -m pytest -q -m slow

EDITOR_TESTS = RAIHA_TEST_EDITORS=1 $(BIN)/python -m pytest tests/editors

# Real editors under virtual screens, Krita and GIMP at the same time; EDITOR=krita or EDITOR=gimp runs one's tests.
test-editors: venv
	.ci/editors.sh $(or $(filter krita gimp,$(EDITOR)),all)
ifneq ($(filter krita gimp,$(EDITOR)),)
	$(EDITOR_TESTS)/$(EDITOR)
else
	mkdir -p .cache
	$(EDITOR_TESTS)/krita >.cache/krita-tests.log 2>&1 & krita=$$!; \
	$(EDITOR_TESTS)/gimp; gimp=$$?; \
	wait $$krita; krita=$$?; cat .cache/krita-tests.log; exit $$((gimp + krita))
endif

# docs/commands.md, from the commands' own help, and the site in build/site; a link that leads nowhere is an error.
docs: venv
	$(BIN)/typer raiha.backend.commands.main utils docs --name raiha --title "The raiha command" --output docs/commands.md
	$(BIN)/python -m zensical build --strict
