# The commands of this repository. Paths are relative and quoted, so that the checkout may lie anywhere.

SWIFT := swift
# One build for `make run`, one for `make test`; SwiftPM's caches stay in the checkout, and it reads Package.swift anew
# each time: a statement added to SQL/ is no change of Package.swift, yet changes what it says.
SWIFT_FLAGS := --cache-path .build/cache --manifest-cache none
CONFIGURATION ?= release
# What is released runs without a Swift runtime beside it, and takes less memory.
STATIC := $(if $(filter release,$(CONFIGURATION)),--static-swift-stdlib)
PYTHON := /usr/bin/python3

export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help run test torture bench fuzz asan tsan build clean swift

help: ## what there is to make
	@echo "make TARGET"
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' Makefile | expand -t 12 | sed 's/^/  /'
	@echo
	@echo "make run knows: PORT=…  OPENAI_API_KEY=…  OPENAI_BASE_URL=http://…  MODEL=…"

run: build ## Sluice with a private PostgreSQL, nginx and a simulated provider; prints the page's address
	@exec $(PYTHON) .dev/run --programs ".build/$(CONFIGURATION)"

test: swift ## all tests: Swift, database, integration; installs what they need
	@.ci/packages test
	@exec $(PYTHON) .dev/test --swift "$(SWIFT)" $(SWIFT_FLAGS)

torture: build ## kills, outages, leaks and mixed load, half an hour; knows KILLS=200 MINUTES=10 SEED=…
	@.ci/packages test
	@exec $(PYTHON) .dev/test --torture --programs ".build/$(CONFIGURATION)"

bench: swift ## the figures and their references, half an hour; FIGURE=name measures one or a family
	@.ci/packages bench
	$(SWIFT) build $(SWIFT_FLAGS) --static-swift-stdlib -c release
	@exec $(PYTHON) .dev/bench --programs .build/release

fuzz: swift ## libFuzzer on all that reads from outside; SECONDS=60 of each target, TARGET=name for one
	@.ci/packages run
	@exec $(PYTHON) .dev/fuzz --swift "$(SWIFT)" $(if $(SECONDS),--seconds "$(SECONDS)") $(if $(TARGET),--target "$(TARGET)") $(SWIFT_FLAGS)

asan: swift ## the Swift tests under AddressSanitizer; FILTER=regex for some
	@.ci/packages test
	@exec $(PYTHON) .dev/sanitize/run address --swift "$(SWIFT)" $(if $(FILTER),--filter "$(FILTER)") $(SWIFT_FLAGS)

tsan: swift ## the Swift tests under ThreadSanitizer; FILTER=regex for some
	@.ci/packages test
	@exec $(PYTHON) .dev/sanitize/run thread --swift "$(SWIFT)" $(if $(FILTER),--filter "$(FILTER)") $(SWIFT_FLAGS)

build: swift ## the programs, in .build/release
	@.ci/packages run
	$(SWIFT) build $(SWIFT_FLAGS) $(STATIC) -c $(CONFIGURATION)

clean: ## removes what was built
	rm -rf .build

swift:
	@command -v "$(SWIFT)" >/dev/null || { echo "Swift 6.2 or newer must be on the PATH: https://swift.org/install" >&2; exit 1; }
