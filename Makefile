.DEFAULT_GOAL := help
.PHONY: help setup demo up test bench lint golden clean

RUN := .venv/bin/

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## create .venv with everything that running needs
	@scripts/setup

demo: setup ## watch real calls go through every guard, then stop
	@$(RUN)tollhouse demo

up: setup ## the same stack, kept running for your own SQL (ARGS=--fresh begins anew)
	@$(RUN)tollhouse up $(ARGS)

test: ## run every test (ARGS="-k cap" narrows it)
	@scripts/setup dev
	@scripts/install-test-tools
	@$(RUN)python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

bench: setup ## measure throughput beside a bare HTTP client
	@$(RUN)python -m bench

lint: ## ruff and mypy
	@scripts/setup dev
	@$(RUN)ruff check .
	@$(RUN)ruff format --check .
	@$(RUN)mypy

golden: setup ## write db/schema.sql and the stair of ARCHITECTURE.md anew from deploy/ and the plan
	@scripts/dump_schema
	@$(RUN)python -m tests.support.stair

clean: ## remove .venv and everything generated
	rm -rf .venv build dist artifacts .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
