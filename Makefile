# All the work is in dev.py and tools/; ARGS are passed on: make test ARGS="-k tokens"
PYTHON ?= python3

.PHONY: help setup run test long search lint docs lock clean

help:
	@sed -n '3,11p' dev.py

setup run test long search lint docs lock:
	@$(PYTHON) dev.py $@ $(ARGS)

# What was made here, but not what was published: that is in var/.
clean:
	rm -rf .venv build dist *.egg-info .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
