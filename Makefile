# Two commands matter: `make demo` and `make test`. Both make their own virtual environment first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/installed

.PHONY: demo test check format samples crash crash-tokens faults fuzz sdk bench lock clean

demo: $(STAMP)
	@$(BIN)/ringback demo $(ARGS)

test: $(STAMP) check
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# What `ringback explain` makes of other people's payloads, where they lie beside the project.
samples: $(STAMP)
	@$(BIN)/python -m tests.samples

# Kills the connector 200 times under load and compares the CRM with what was acknowledged (minutes).
crash: $(STAMP)
	@$(BIN)/python -m tests.crash $(ARGS)

# Kills processes 200 times around their token refreshes; then every sub-account must still be connected (minutes).
crash-tokens: $(STAMP)
	@$(BIN)/python -m tests.crash_tokens $(ARGS)

# The fault table: outage, 503s, closed connections, the real limit, duplicates, a slow and a hanging CRM (minutes).
faults: $(STAMP)
	@$(BIN)/python -m tests.faults $(ARGS)

# 100,000 odd requests for each trunk: none may raise anything but a refusal, none may take 50 ms of CPU (a quarter of an hour).
fuzz: $(STAMP)
	@$(BIN)/python -m tests.fuzz $(ARGS)

# The vendor's own SDKs, from npm and PyPI, against the sandbox and beside our client (asks the registries; needs npm).
sdk: $(STAMP)
	@$(BIN)/python -m tests.sdk $(ARGS)

bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(ARGS)

# The environment holds exactly what requirements.lock names, hashes checked, and this checkout, editable.
$(STAMP): requirements.lock pyproject.toml
	@sh .ci/venv $(PYTHON) $(VENV)
	@touch $@

# Needs uv. Without UPGRADE=1 the versions that are locked stay as far as they can.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --group dev $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) tests/sdk/.node tests/sdk/.venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
