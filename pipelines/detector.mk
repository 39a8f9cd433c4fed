# From a checked data set to a Mask R-CNN, its scores, its predictions and the three files that Python needs to go on. Its
# user says: TRAINED_ON, the data set's folder, and TRAINED_AFTER, the file that is there when it is; FORMAT, options that
# read it; VAL, the subset that chooses the weights, and TEST, the one that is scored; PREDICTED, what is predicted.
WEIGHTS ?=
SEED ?= 1
SETTINGS ?=
WEIGHTS_FILE := $(call path-of,$(WEIGHTS))
BEGIN := $(if $(WEIGHTS),model.weights=$(or $(WEIGHTS_FILE),$(WEIGHTS)) freeze-encoder=2)
INSTANCES := $(dir $(lastword $(MAKEFILE_LIST)))instances

$(eval $(training-results))
all: $(WORK)/run/jit-model.pt

$(eval $(call remember,$(WORK)/train.args,$(FORMAT) $(VAL) $(BEGIN) $(SETTINGS) $(SEED)))
$(eval $(call remember,$(WORK)/test.args,$(TEST) $(PREDICTED)))

# A name of the catalogue is fetched by the pipeline's own ways, which training then finds in the cache.
$(WORK)/run/last.pth: $(INSTANCES)/settings.json $(WORK)/train.args $(TRAINED_AFTER)
	$(if $(WEIGHTS),$(if $(WEIGHTS_FILE),,$(MASKMILL) fetch $(WEIGHTS) $(if $(MIRROR),--mirror $(MIRROR))))
	$(call train,$(TRAINED_ON) $(FORMAT),--config $(INSTANCES)/settings.json seed=$(SEED) val-subset=$(VAL) $(BEGIN) $(SETTINGS))

$(WORK)/run/report.html: $(WORK)/run/last.pth $(WORK)/test.args
	$(MASKMILL) test $(WORK)/run $(TRAINED_ON) $(FORMAT) --subset $(TEST) $(MAY_FIND)

# With model.pth and labels.txt, what Python needs to go on: torch.jit.load runs it without the model's code.
$(WORK)/run/jit-model.pt: $(WORK)/run/last.pth
	$(MASKMILL) export $(WORK)/run --to torchscript -o $@ --force

$(WORK)/predictions/provenance.json: $(WORK)/run/last.pth $(WORK)/test.args
	$(MASKMILL) predict $(WORK)/run $(PREDICTED) -o $(WORK)/predictions --to coco --overlay --force $(MAY_FIND)
