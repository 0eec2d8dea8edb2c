# make sweep   build the environment and run the main job on the embedded example
# make test    ruff, mypy and the whole test suite: what CI runs
# make soak    what is too long for every commit

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.built
NAME := quickstart-$(shell date +%Y%m%d-%H%M%S)

.PHONY: sweep test soak lint constraints clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[dev]'
	touch $@

sweep: $(STAMP)
	$(BIN)/tatl-search sweep search_spaces/quickstart.yaml --name $(NAME)
	$(BIN)/tatl-search pick sweeps/$(NAME) --max-drop 0.02 --export sweeps/$(NAME)/picked
	@echo "Everything lies in sweeps/$(NAME): front.png, report.html, and in picked/ the network."
	@echo "Your own images: docs/own-images.md. Another choice: $(BIN)/tatl-search pick --help"

test: lint
	$(BIN)/python -m pytest -m "not soak" --numprocesses auto --dist loadfile --durations 30

soak: $(STAMP)
	$(BIN)/python -m pytest -m soak --timeout 3600 --durations 20

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

constraints: $(STAMP)
	{ sed -n '/^#/p' constraints.txt; $(BIN)/python -m pip freeze --exclude-editable; } > .constraints
	mv .constraints constraints.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
