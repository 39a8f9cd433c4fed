# The steps of HPE's fine-tuning layout, for pipelines that have said where their data lie: check, train, test, predict.
#
# settings.json is the pipeline's own. SETTINGS, as in SETTINGS="model.name=fcn_resnet50 epochs=20", overrides it; SEED
# draws all that is random in training; READ, as in READ="background=road ignore=void", says what labels mean.
SEED ?= 1
SETTINGS ?=
READ ?=
FROM := --from finetune $(patsubst %,--read %,$(READ))

$(eval $(training-results))

$(eval $(call remember,$(WORK)/read.args,$(READ)))
$(eval $(call remember,$(WORK)/train.args,$(SEED) $(SETTINGS)))

$(WORK)/check.txt: $(DATA_FILES) $(WORK)/read.args
	$(MASKMILL) check $(FOUND) $(FROM) >$@ $(MAY_FIND)
	@tail -n 1 $@

$(WORK)/run/last.pth: settings.json $(WORK)/train.args $(WORK)/check.txt
	$(call train,$(FOUND) $(FROM),--config settings.json seed=$(SEED) $(SETTINGS))

$(WORK)/run/report.html: $(WORK)/run/last.pth
	$(MASKMILL) test $(WORK)/run $(FOUND) $(FROM) --subset $(SUBSET) $(MAY_FIND)

$(WORK)/predictions/provenance.json: $(WORK)/run/last.pth
	$(MASKMILL) predict $(WORK)/run $(FOUND)/$(SUBSET)/images -o $(WORK)/predictions --overlay --force $(MAY_FIND)
