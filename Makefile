# What a fresh machine needs: Python 3.11 or newer and make.
PYTHON ?= python3
VENV ?= .venv
BENCH_VENV ?= .venv-bench
HARDWARE_VENV ?= .venv-hardware
CLUSTER_VENV ?= .venv-cluster
BENCH ?=
RELIABILITY ?=
CORES ?= all
TESTS ?= not slow and not study and not vendor and not slurm and not s3
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SNAKEMAKE := $(BIN)/snakemake --workflow-profile workflow/profiles/default --cores $(CORES)
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export NUMBA_NUM_THREADS := 1

.PHONY: setup reproduce smoke scaling history paper archive test coverage test-hardware \
	test-cluster bench reliability docs lint format lock check-locks sbom clean help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: $(VENV)/runtime.stamp ## make the environment in .venv, from the hashed lock

reproduce: $(VENV)/runtime.stamp ## run the default study and write its report
	$(SNAKEMAKE)
	@echo "The report is reports/index.html, its figures are in reports/figures."

smoke: $(VENV)/runtime.stamp ## run every stage at two small widths, in seconds
	$(SNAKEMAKE) --configfile config/smoke.yaml
	@echo "The report is reports/smoke/index.html."

scaling: $(VENV)/runtime.stamp ## run the scaling study, to 1024 qubits, in hours; it resumes
	$(SNAKEMAKE) --configfile config/scaling.yaml
	@echo "The report is reports/scaling/index.html."

history: $(VENV)/runtime.stamp ## add the scaling study to reports/history, by the commit at hand
	$(BIN)/qnnbench history results/scaling --study scaling \
		--commit "$$(git rev-parse HEAD)" --date "$$(git show -s --format=%cI HEAD)"
paper: $(VENV)/runtime.stamp ## draw the default study's figures and tables for print
	$(SNAKEMAKE) paper
	@echo "Figures and tables are in reports/paper."

archive: $(VENV)/runtime.stamp ## put the default study into one zip to deposit; STUDY=paper another
	$(SNAKEMAKE) archive $(if $(STUDY),--configfile config/$(STUDY).yaml)
	@echo "The archive is archives/$(or $(STUDY),default).zip."

test: $(VENV)/dev.stamp ## run the fast tests; TESTS= runs every one
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "$(TESTS)"

coverage: $(VENV)/dev.stamp ## run the tests and list the lines that none runs
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "$(TESTS)" \
		--cov --cov-report=term-missing

test-hardware: $(HARDWARE_VENV)/hardware.stamp ## run the tests of vendors' packages, in .venv-hardware
	$(HARDWARE_VENV)/bin/python -m pip check
	$(HARDWARE_VENV)/bin/python -m pytest tests/test_quantinuum_* tests/test_ibm_* \
		tests/test_circuit_*_*

test-cluster: $(CLUSTER_VENV)/cluster.stamp ## send a study to Slurm, keep one in S3; in .venv-cluster
	$(CLUSTER_VENV)/bin/python -m pytest tests/test_cluster.py

bench: $(BENCH_VENV)/bench.stamp ## time backends against peers; BENCH="--quick" is shorter
	$(BENCH_VENV)/bin/python -m benchmarks $(BENCH)

reliability: $(CLUSTER_VENV)/cluster.stamp ## kill, starve and spoil studies, an hour; RELIABILITY=--quick: minutes
	$(CLUSTER_VENV)/bin/python -m tests.reliability $(RELIABILITY)

docs: $(VENV)/docs.stamp ## build the documentation, docs/_build/html/index.html
	$(BIN)/python -m sphinx --fail-on-warning --quiet --fresh-env -b html docs docs/_build/html
	@echo "The documentation is docs/_build/html/index.html."

lint: $(VENV)/dev.stamp ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy

format: $(VENV)/dev.stamp ## put code and rules in the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

lock: ## write the lock files anew from pyproject.toml
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; "$$tools/bin/pip" install --quiet uv; \
	echo 'setuptools>=77' | "$$tools/bin/uv" $(COMPILE) pyproject.toml - -o requirements.txt; \
	"$$tools/bin/uv" $(COMPILE) pyproject.toml --extra dev --constraint requirements.txt \
		-o requirements-dev.txt; \
	"$$tools/bin/uv" $(COMPILE) pyproject.toml --extra dev --extra docs \
		--constraint requirements-dev.txt -o requirements-docs.txt; \
	sed '/^python-dateutil/,/[^\\]$$/d' requirements-dev.txt > "$$tools/as-here"; \
	"$$tools/bin/uv" $(COMPILE) pyproject.toml --extra dev --extra cluster --extra cluster-test \
		--constraint "$$tools/as-here" -o requirements-cluster.txt; \
	echo 'setuptools>=77' | "$$tools/bin/uv" $(COMPILE) pyproject.toml - --extra bench \
		-o requirements-bench.txt; \
	echo 'setuptools>=77' | "$$tools/bin/uv" $(COMPILE) pyproject.toml - --extra dev \
		--extra quantinuum --extra ibm -o requirements-hardware.txt
# bench and hardware on their own: PennyLane pins an older autoray, qnexus needs pandas < 3;
# S3's client takes an older python-dateutil

check-locks: ## prove that every pin has files for Python 3.11 to 3.13, Linux and macOS
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; "$$tools/bin/pip" install --quiet uv; \
	for lock in requirements.txt requirements-dev.txt requirements-docs.txt; do \
	for version in 3.11 3.12 3.13; do \
	for platform in x86_64-unknown-linux-gnu aarch64-apple-darwin; do \
		echo "$$lock, Python $$version, $$platform"; \
		MACOSX_DEPLOYMENT_TARGET=14.0 "$$tools/bin/uv" pip install --quiet --dry-run \
			--require-hashes --only-binary :all: --no-binary connection-pool \
			--target "$$tools/none" --python "$$tools/bin/python" \
			--python-version "$$version" --python-platform "$$platform" -r "$$lock"; \
	done; done; done
# connection-pool has no wheel: a page of Python that runs anywhere

sbom: ## write sbom.cdx.json, the CycloneDX bill of materials of requirements.txt
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; "$$tools/bin/pip" install --quiet 'cyclonedx-bom>=7,<8'; \
	"$$tools/bin/cyclonedx-py" requirements requirements.txt --pyproject pyproject.toml \
		--output-reproducible --output-file sbom.cdx.json

clean: ## remove what runs left behind; reports and .venv stay
	rm -rf results logs checkpoints docs/_build .snakemake .hypothesis .pytest_cache .mypy_cache \
		.ruff_cache

$(VENV)/bin/python $(BENCH_VENV)/bin/python $(HARDWARE_VENV)/bin/python $(CLUSTER_VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "qnnbench needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
	"Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(@:/bin/python=)

COMPILE_KERNEL := import cirq, qnnbench; \
	qnnbench.expectations(cirq.Circuit(), cirq.Z(cirq.q(0)), [], backend="statevector")

$(VENV)/runtime.stamp: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-build-isolation --no-deps -e .
	$(BIN)/python -c '$(COMPILE_KERNEL)'  # once; later processes load it
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install --no-build-isolation --no-deps -e .
	@touch $(VENV)/runtime.stamp $@

$(VENV)/docs.stamp: requirements-docs.txt $(VENV)/dev.stamp
	$(PIP) install --require-hashes -r requirements-docs.txt
	@touch $@

define INSTALL_LOCKED
$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes $(1)
$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --no-build-isolation --no-deps -e .
@touch $@
endef

$(BENCH_VENV)/bench.stamp: requirements-bench.txt pyproject.toml | $(BENCH_VENV)/bin/python
	$(call INSTALL_LOCKED,-r requirements-bench.txt)

# --no-deps: pip finds no pin for the extra in tket[pytket]
$(HARDWARE_VENV)/hardware.stamp: requirements-hardware.txt pyproject.toml | $(HARDWARE_VENV)/bin/python
	$(call INSTALL_LOCKED,--no-deps -r requirements-hardware.txt)

$(CLUSTER_VENV)/cluster.stamp: requirements-cluster.txt pyproject.toml | $(CLUSTER_VENV)/bin/python
	$(call INSTALL_LOCKED,-r requirements-cluster.txt)
