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
	$(MASKMILL) check $(FOUND) $(FROM) >$@ || [ $$? -eq 1 ]
	@tail -n 1 $@

$(WORK)/run/model.pth: settings.json $(WORK)/train.args $(WORK)/check.txt
	$(MASKMILL) train $(FOUND) $(FROM) -o $(WORK)/run --config settings.json --force seed=$(SEED) $(SETTINGS)

$(WORK)/run/report.html: $(WORK)/run/model.pth
	$(MASKMILL) test $(WORK)/run $(FOUND) $(FROM) --subset $(SUBSET)

$(WORK)/predictions/provenance.json: $(WORK)/run/model.pth
	$(MASKMILL) predict $(WORK)/run $(FOUND)/$(SUBSET)/images -o $(WORK)/predictions --overlay --force
