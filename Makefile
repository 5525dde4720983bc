# Everything starts from a Python 3.11+, git and make. Nothing is installed outside this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
WEB := service/web
EXTRAS := analysis,docs,mlflow,test,train,web,neo4j,neo4j-server,oidc,postgres,reference,sm3

# What pytest runs side by side; a file's tests stay together (tests/conftest.py), and processes that it starts
# read each other's byte code.
SIDE_BY_SIDE := -n auto --dist loadfile --no-loadscope-reorder
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

.PHONY: setup package docs run test coverage test-slow test-all check check-bounds neo4j constraints secrets
.PHONY: bench bench-neo4j bench-siege bench-bombs bench-network bench-features bench-frame format clean

setup: $(VENV)/.ready $(WEB)/dist/.ready

$(VENV)/.ready: setup.cfg pyproject.toml constraints.txt
	@echo "== setting up: a Python environment in $(VENV) (torch is large: some minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable ".[$(EXTRAS)]"
	@touch $@

# For the slow tests alone: PySpark, 480 MB, and Sail with the client that it speaks with, 180 MB, in a folder
# of their own, because that client is called pyspark too. An S3 server and its client, 60 MB, in another,
# because they ask for an older dateutil than the rest; s3fs goes with the fsspec of the same version.
SAIL := pysail==0.7.2 'pyspark-client==4.1.*'
S3 := s3fs==2026.9.0 aiobotocore==3.10.0 aioitertools==0.13.0 boto3==1.43.117 botocore==1.43.117 \
	flask-cors==6.0.5 jmespath==1.1.0 moto==5.2.5 py-partiql-parser==0.6.3 python-dateutil==2.9.0.post0 \
	responses==0.26.3 s3transfer==0.19.3 six==1.17.0 wrapt==2.5.2 xmltodict==1.0.4
$(VENV)/.spark: $(VENV)/.ready
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable ".[spark]"
	@$(UV) pip install --quiet --no-deps --python $(BIN)/python --target $(VENV)/sail $(SAIL) \
		|| echo "there is no Sail for this machine: its test is skipped"
	@$(UV) pip install --quiet --no-deps --python $(BIN)/python --target $(VENV)/s3 $(S3)
	@touch $@

# What an answer needs, compiled once: the tests' processes would each do it, at the same time.
COMPILED := $(shell grep -rl --include=*.py graph.kernels graph gnn)
$(VENV)/.kernels: $(VENV)/.ready $(COMPILED)
	@echo "== compiling kernels, about a minute where they have changed"
	@$(BIN)/python -m scripts.tools.compile_kernels
	@touch $@

PAGE := $(wildcard $(WEB)/src/* $(WEB)/src/*/*) $(WEB)/build.sh $(WEB)/build.mjs $(WEB)/package.json $(WEB)/package-lock.json

$(WEB)/dist/.ready: $(VENV)/.ready $(PAGE)
	@echo "== setting up: the investigators' page"
	@bash $(WEB)/build.sh $(abspath $(BIN))/python
	@touch $@

run: setup
	@$(BIN)/python scripts/run.py

test: setup $(VENV)/.kernels
	@$(PYTEST) -m "not slow" $(SIDE_BY_SIDE) $(OPTIONS)

# Which lines of the product the tests of `make test` run, in the processes that they start too (docs/testing.md).
coverage: OPTIONS := --cov --cov-report=term:skip-covered
coverage: test

# What `make test` leaves out (docs/testing.md): the service's tests on a real Neo4j, whatever is slow, and every
# law on more examples.
UNDER_TRAFFIC := test_a_thousand_people_are_erased_under_traffic_and_nobody_else_notices[postgresql]
test-slow: setup $(VENV)/.spark $(VENV)/.kernels
	@STORE=neo4j $(PYTEST) tests/graph/rings/test_rings.py tests/service/assessment/test_assess.py \
		tests/service/assessment/test_risk_api.py tests/service/assessment/test_refusal.py \
		tests/service/assessment/test_verdict_races.py tests/scripts/erasure/test_erase_command.py \
		"tests/service/governance/test_erasure_under_traffic.py::$(UNDER_TRAFFIC)"
	@FRAME_KILLS=20 HYPOTHESIS_PROFILE=thorough $(PYTEST) \
		-m "slow or (hypothesis and not same_examples)" $(SIDE_BY_SIDE)

test-all: test test-slow

check: setup $(VENV)/.kernels
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@bash $(WEB)/build.sh $(abspath $(BIN))/python types
	@$(PYTEST) -m "not slow" $(SIDE_BY_SIDE)

# Compiled code checks no bounds: here it does.
check-bounds: setup
	@NUMBA_BOUNDSCHECK=1 $(PYTEST) tests/graph/frame/test_frame*.py \
		tests/graph/frame/*/test_frame*.py tests/graph/features/test_features*.py \
		tests/graph/features/test_lending_request.py tests/graph/features/test_multi_lending.py \
		tests/graph/features/test_signals*.py \
		tests/gnn/test_explain.py tests/gnn/test_occlusion.py tests/gnn/test_tensors.py \
		"tests/service/http/test_schemathesis.py::test_every_operation_answers_as_described[assess-positive]" $(SIDE_BY_SIDE)

# The documentation as a site, in var/site: a link that leads nowhere is an error.
docs: setup
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "the documentation: var/site/index.html"

# The sdist and the wheel, built and tried: installed without the extras into an environment of its own, a world
# made and loaded.
package: setup
	@$(BIN)/python -m scripts.tools.smoke_package

secrets: setup
	@$(BIN)/python scripts/make_secrets.py

# The newest versions that the requirements allow, into constraints.txt: run the tests before it is committed.
constraints: setup
	@$(UV) pip install --quiet --python $(BIN)/python --upgrade --editable ".[$(EXTRAS),spark]"
	@sed -n '/^#/p' constraints.txt > constraints.new
	@$(UV) pip freeze --quiet --python $(BIN)/python | grep -Ev '^(-e|pip=|setuptools=|uv=)' >> constraints.new
	@mv constraints.new constraints.txt

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Sizes and more: make bench OPTIONS="--applicants 10000 1000000 --reuse --hub 100000"
bench: setup
	@$(BIN)/python -m scripts.bench.risk.serving $(OPTIONS)

bench-siege: setup
	@$(BIN)/python -m scripts.bench.attacks.siege

bench-bombs: setup
	@$(BIN)/python -m scripts.bench.attacks.bombs

bench-network: setup
	@$(BIN)/python -m scripts.bench.steps.network

bench-features: setup
	@$(BIN)/python -m scripts.bench.steps.features

# Takes a store: make bench-frame STORE=var/bench/100000/graph.db
bench-frame: setup
	@$(BIN)/python -m scripts.bench.frames.frame $(STORE)

bench-neo4j: setup
	@$(BIN)/python -m scripts.bench.servers.neo4j_serving

neo4j: setup
	@exec $(BIN)/python -m scripts.tools.neo4j_server

clean:
	rm -rf var build .pytest_cache .mypy_cache .ruff_cache $(WEB)/dist $(WEB)/node_modules
