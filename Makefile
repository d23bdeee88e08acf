# The commands of the project. What a fresh machine lacks is got by the scripts behind them.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Passed on to cargo by `make test`, for example ARGS="-p store".
ARGS ?=
# What `make faults` and `make fuzz-api` draw everything from, and for how many minutes `make faults` rages.
SEED ?= 1
MINUTES ?= 10
# How many requests `make fuzz-api` draws for each operation and caller, at most.
MAX ?= 20
# Which release `make upgrade` starts from; the newest tag, if none is named.
FROM ?=
# Which of faults/mutations `make mutations` tries, without `.toml`; all, if none is named.
NAMES ?=

# What `make bench` measures: one mode instead of both, less or more of everything, some rows instead of all.
MODE ?=
QUICK ?=
FULL ?=
ONLY ?=

.PHONY: help demo run start stop migrate test test-consul fuzz-api faults upgrade mutations bench lint format openapi clean-data

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Build, start, book, pay, and show what happened
	@scripts/boxoffice demo

run: ## Build and run in the foreground, until Ctrl-C
	@scripts/boxoffice dev

start: ## Build and run in the background
	@scripts/dev start

stop: ## Stop what `make start` started
	@scripts/dev stop

migrate: ## Bring the database to the current schema
	@scripts/boxoffice migrate

test: ## Run all tests with the services they need (ARGS="-p store" for some)
	@scripts/test $(ARGS)

test-consul: ## Test the registration at a real Consul agent, built first
	@scripts/test-consul

fuzz-api: ## Ask the API for what its document says and does not, and check every answer (SEED=1 MAX=20)
	@scripts/fuzz-api --seed $(SEED) --max $(MAX)

faults: ## Kill, pause, cut and fill under load, then check every promise (SEED=1 MINUTES=10)
	@scripts/faults --seed $(SEED) --minutes $(MINUTES)

upgrade: ## Replace an older release by this one while customers buy (FROM=v0.1.0 MINUTES=2)
	@scripts/upgrade "$(FROM)" --minutes $(if $(filter command%,$(origin MINUTES)),$(MINUTES),2)

mutations: ## Rage against builds that are broken on purpose, each of which has to be caught (NAMES="..." for some)
	@scripts/mutations $(NAMES)

bench: ## Measure against the engine's floor (MODE=embedded, QUICK=1, FULL=1, ONLY=saga,rush)
	@scripts/bench $(if $(MODE),--mode $(MODE)) $(if $(QUICK),--quick) $(if $(FULL),--full) $(if $(ONLY),--only $(ONLY))

lint: ## Check formatting, lints, scripts and texts
	@scripts/lint

format: ## Format the code
	@scripts/prerequisites lint
	@scripts/cargo fmt --all

openapi: ## Write the OpenAPI document again
	@mkdir -p docs
	@scripts/cargo run --locked --quiet --package boxoffice -- openapi >docs/openapi.json.new
	@mv docs/openapi.json.new docs/openapi.json

clean-data: ## Delete the data of `make run`, `make start` and the tests
	@scripts/clean-data
