# What every pipeline's Makefile includes: where the programs are, and steps that run again only when something they
# depend on changed.
ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
MASKMILL := $(ROOT)/build/release/bin/maskmill
WORK ?= work

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: FORCE
FORCE:

# $(call remember,FILE,TEXT): FILE holds TEXT and is younger than what depends on it only when TEXT has changed.
define remember
$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$(2)' | cmp -s - $$@ || printf '%s\n' '$(2)' >$$@
endef

# $(call path-of,NAME): a file or folder of one's own, or nothing where there is none. A relative one is meant from where
# make was called, which `make -C` leaves in PWD.
path-of = $(if $(1),$(or $(if $(filter /%,$(1)),$(realpath $(1))),$(realpath $(PWD)/$(1)),$(realpath ../$(1))))

# Behind a command whose status 1 says that it found something, or left items out that cannot be read, and says which.
MAY_FIND := || [ $$? -eq 1 ]

# $(call train,DATA [OPTIONS],SETTINGS) makes $(WORK)/run/last.pth, which is there when training has ended, and goes on with
# one that was interrupted, unless what it depends on has changed since.
define train
@run() { echo "$$*"; "$$@"; }; \
	if [ -f $(WORK)/run/checkpoint.pt ] && [ -z "$$(find $^ -maxdepth 0 -newer $(WORK)/run/checkpoint.pt)" ]; then \
	  run $(MASKMILL) train $(1) -o $(WORK)/run --resume; \
	else \
	  run $(MASKMILL) train $(1) -o $(WORK)/run --force $(2); \
	fi
endef

# Where a pipeline's data lie: FOUND names the folder, and what reads it depends on $(DATA_FILES). DATA names a folder
# of one's own.
GIVEN = $(call path-of,$(DATA))
PIPELINE := $(notdir $(CURDIR))

# $(eval $(given-data)): stops where DATA names no folder.
define given-data
$(if $(and $(DATA),$(GIVEN)),,$(error DATA=$(DATA) is no folder; give the data set's, as in: make -C pipelines $(PIPELINE) DATA=/data/$(PIPELINE)))
FOUND := $(GIVEN)
DATA_FILES := $(WORK)/data.args
$(call remember,$(WORK)/data.args,$(GIVEN) $(shell find -L '$(GIVEN)' -type f -printf '%P %s %T@\n' | LC_ALL=C sort | cksum))
endef

# $(eval $(call fetched-data,NAME)): without DATA, the data are what `maskmill fetch NAME` leaves in $(WORK)/data, and
# are fetched where they are not there. MIRROR is its --mirror; FETCH, as in FETCH="--offline", any options of it.
fetched-data = $(if $(DATA),$(given-data),$(call fetch,$(1)))
define fetch
FOUND := $(WORK)/data
DATA_FILES := $(WORK)/data.args $(WORK)/data/SOURCE.md
$(call remember,$(WORK)/data.args,$(WORK)/data)
$(WORK)/data/SOURCE.md:
	$$(MASKMILL) fetch $(1) -o $(WORK)/data $(if $(MIRROR),--mirror $(MIRROR)) $(FETCH)
endef

# The subset that is scored: test, where the data have one, which of data that are yet to come is known only then.
SUBSET = $(shell [ -d '$(FOUND)/test' ] && echo test || echo val)

# $(eval $(training-results)): what a training pipeline makes in the end, and where it lies.
define training-results
all: $$(WORK)/run/report.html $$(WORK)/predictions/provenance.json
	@echo "what is wrong with the data: $$(abspath $$(WORK)/check.txt)"
	@echo "the trained network:         $$(abspath $$(WORK)/run)"
	@echo "its scores, with pictures:   $$(abspath $$(WORK)/run/report.html)"
	@echo "predicted masks, overlays:   $$(abspath $$(WORK)/predictions)"
endef
