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

# $(call require-data,PIPELINE,EXAMPLE): stops where DATA names no folder. A relative DATA is meant from where make was
# called, which `make -C` leaves in PWD.
FOUND = $(or $(if $(filter /%,$(DATA)),$(realpath $(DATA))),$(realpath $(PWD)/$(DATA)),$(realpath ../$(DATA)))
define require-data
$(if $(and $(DATA),$(FOUND)),,$(error DATA=$(DATA) is no folder; give the data set's, as in: make -C pipelines $(1) DATA=$(2)))
endef

# $(eval $(training-results)): what a training pipeline makes in the end, and where it lies.
define training-results
all: $$(WORK)/run/report.html $$(WORK)/predictions/provenance.json
	@echo "what is wrong with the data: $$(abspath $$(WORK)/check.txt)"
	@echo "the trained network:         $$(abspath $$(WORK)/run)"
	@echo "its scores, with pictures:   $$(abspath $$(WORK)/run/report.html)"
	@echo "predicted masks, overlays:   $$(abspath $$(WORK)/predictions)"
endef
