# Headrace's commands. `make` alone lists them.
ENV    ?= local
PYTHON ?= python3
SEEDS  ?= 10
SEED   ?= 1
WORKLOAD ?= flights
UV     := 0.13.9
PY     := .venv/bin/python

# Environments whose names begin with `local` bring their own engine, state and endpoint; any other uses the `pulumi` and
# the AWS credentials that you have set up.
LOCAL := $(filter local%,$(ENV))
ifdef LOCAL
RUN   := $(PY) -m sandbox exec --
CLOUD := cloud
NEEDS := ready
else
RUN   :=
CLOUD :=
NEEDS := venv
endif

DATES = $(if $(START),--start $(START)) $(if $(END),--end $(END))

# Hundreds of interpreters are started here; each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo status workload try benchmark mlflow up preview rehearse recording down clean lock format ready venv engine cloud stack
.PHONY: test quick sandbox-tests unit cloud-tests lint types coverage edits mutants weather

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "make %-14s %s\n", $$1, $$2}'

demo: $(NEEDS) $(CLOUD)  ## from nothing to a released model that answers, on this machine (WORKLOAD=penguins, or all)
	@$(RUN) $(PY) -m demo --stack $(ENV) --workload $(WORKLOAD)

status: $(NEEDS) $(CLOUD) stack  ## how each workload of ENV stands: last run and why it failed, package, release, what serves
	@$(RUN) $(PY) -m status $(ENV)

# Without FROM the newest raw data of ENV's lake are read, with your credentials.
try: $(if $(FROM),venv,$(NEEDS) $(CLOUD))  ## try WORKLOAD (name or folder) on FROM/raw/<source>/ or on ENV's lake; nothing is deployed
	@$(if $(FROM),,$(RUN)) $(PY) -m trial '$(or $(WORKLOAD),flights)' $(if $(FROM),--from '$(FROM)',--stack $(ENV)) $(DATES)

benchmark: venv  ## print how long `make try` takes for 100,000 examples
	@$(PY) -m benchmarks.try

mlflow: venv  ## open the MLflow in which `make try` keeps its runs
	@$(PY) -m trial.page $(if $(PORT),--port $(PORT))

# The shell reads the variables, not make, so that names with blanks and quotes arrive as they were written.
workload: venv  ## write workloads/NAME for the data in FROM: LABEL, EVENT_TIME, RECORD_ID, ENTITY, KNOWN_AT, HORIZON
	@$(PY) -m scaffold --name "$$NAME" --from "$$FROM" --label "$$LABEL" --label-type "$$LABEL_TYPE" \
		--event-time "$$EVENT_TIME" --record-id "$$RECORD_ID" --entity "$$ENTITY" --known-at "$$KNOWN_AT" \
		--horizon "$$HORIZON"

up: $(NEEDS) $(CLOUD) stack  ## deploy the environment ENV (local unless given)
	@$(RUN) $(PY) -m stacks.interrupted $(ENV)
	@$(RUN) pulumi up --stack $(ENV) --yes --policy-pack policies

preview: $(NEEDS) $(CLOUD) stack  ## show what `make up` would change
	@$(RUN) pulumi preview --stack $(ENV) --diff --policy-pack policies

rehearse: $(NEEDS) $(CLOUD)  ## ask the account of ENV what it would say to `make up`; creates nothing
	@$(RUN) $(PY) -m rehearse $(ENV)

recording: ready  ## write down what the roles did in the demo that ran in the local cloud, for `make rehearse`
	@$(RUN) $(PY) -m rehearse.recording

down: $(NEEDS) $(CLOUD) stack  ## retire what releases made, destroy the environment, stop everything
	@$(RUN) $(PY) -m stacks.interrupted $(ENV)
	@$(RUN) pulumi destroy --stack $(ENV) --yes
ifdef LOCAL
	@if $(RUN) $(PY) -m stacks.others $(ENV); then $(PY) -m sandbox cloud stop; fi
endif

clean:  ## stop the local cloud and forget its state and the virtual environment
	@if [ -x $(PY) ]; then $(PY) -m sandbox cloud stop; fi
	@rm -rf .headrace .venv

stack:
ifndef LOCAL
	@test "$$AWS_ACCESS_KEY_ID" != local || { echo "This shell is set up for the local cloud; use ENV=$(ENV) in another one."; exit 1; }
	@command -v pulumi >/dev/null || { echo "ENV=$(ENV) needs the official pulumi on PATH, logged in to a state backend: docs/aws.md"; exit 1; }
endif
	@$(RUN) pulumi stack select --create $(ENV) >/dev/null

cloud: venv
	@$(PY) -m sandbox cloud start

# The engine needs only the standard library, so it is built while the Python packages are installed.
ready:
	@$(MAKE) --no-print-directory --silent -j2 venv engine

engine:
	@folder=$$($(PYTHON) -m sandbox engine install) && echo "engine     $$folder"

venv: .venv/installed
	@:

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Headrace needs Python 3.11 or newer, " \
		"got " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@echo "python     installing $$(wc -l < requirements.lock) packages into .venv"
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check uv==$(UV)
	@.venv/bin/uv pip sync --quiet --python $(PY) requirements.lock
	@touch $@

# Three at a time on two cores: the tests that deploy mostly wait. They start first, because they take longest, and
# the others give way to them.
test: ready  ## every check that CI runs
	@$(MAKE) --no-print-directory --jobs=3 --old-file=ready --output-sync=target sandbox-tests unit lint types cloud-tests

lint: venv  ## formatter and linter
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .

types: venv  ## strict type checks
	.venv/bin/mypy .

UNIT := tests workloads --ignore tests/sandbox --ignore tests/cloud --numprocesses 2 --dist loadfile
unit: venv  ## tests of components, policies, training, inference and the rules of the house
	nice -n 5 $(PY) -m pytest $(UNIT)

# Tests that start no process and no local cloud; tests/quick.py fails those that do. SLOWER: what does, or takes long.
QUICK  := tests/test_*.py tests/workloads tests/inference tests/demo tests/status \
          tests/training/test_edges.py tests/training/test_gates.py tests/training/test_labels.py \
          tests/training/test_champion.py tests/training/raw/test_values.py tests/training/raw/test_moments.py \
          tests/components/test_asl.py tests/components/test_place.py tests/components/test_tasks.py \
          tests/components/test_definitions.py tests/stacks/test_settings.py
SLOWER := tests/inference/test_server.py tests/workloads/test_trained.py tests/workloads/test_loaders.py \
          tests/status/test_environment.py
quick: venv  ## formatter, linter and the tests that start no process; under a minute
	@.venv/bin/ruff format --check . && .venv/bin/ruff check .
	@$(PY) -m pytest -p tests.quick $(wildcard $(QUICK)) $(SLOWER:%=--ignore %) --numprocesses 2 --dist loadfile

cloud-tests: venv  ## tests of the local cloud's parts
	nice -n 5 $(PY) -m pytest tests/cloud

sandbox-tests: ready  ## the real engine against the local cloud, end to end
	$(RUN) $(PY) -m pytest tests/sandbox

# Not a part of `make test`, which it would slow down. Jobs and endpoints run copies in the local cloud and do not count.
coverage: venv  ## branch coverage of unit and cloud-tests, by folder
	@rm -rf .headrace/coverage && mkdir -p .headrace/coverage
	@$(PY) -m coverage run -m pytest $(UNIT)
	@$(PY) -m coverage run -m pytest tests/cloud
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage json --quiet -o .headrace/coverage/report.json
	@$(PY) -m tests.covered

# Not a part of `make test`: it takes a quarter of an hour. SEED=2 takes other faults.
mutants: venv  ## put small faults in, one at a time, and see whether the nearest tests notice
	$(PY) -m tests.mutants --seed $(SEED)

# Not a part of `make test`, which edits the fields in batches: one by one takes half an hour.
edits: ready  ## edit every field of workload and settings on a deployed environment, one by one
	$(RUN) $(PY) -m pytest tests/sandbox/every_edit.py --timeout 7200

weather: ready  ## the whole demo in bad weather, SEEDS times from seed SEED on (docs/local-cloud.md)
	@$(PY) -m sandbox weather --seeds $(SEEDS) --first $(SEED) -- $(PY) -m demo --logs '{}/logs'

lock: venv  ## write the lock files anew from requirements.in and image/requirements.in
	.venv/bin/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate requirements.in -o requirements.lock
	.venv/bin/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate -c requirements.lock \
		image/requirements.in -o image/requirements.lock

format: venv  ## let the formatter write
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
