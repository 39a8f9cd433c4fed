// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "data_options.h"
#include "learn/training_sheet.h"
#include "prepare/check/findings_document.h"
#include "render/data_sheet.h"
#include "training_options.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  OutputOptions output;
  DataSheetSettings sheet;
  std::optional<std::string> findings, rule, other, from_other;
  std::vector<std::string> read_other;
  std::optional<std::string> augment;
  int epochs = 4;
  static void visit(auto& self, auto&& setting) {
    OutputOptions::visit(self.output, setting);
    DataSheetSettings::visit(self.sheet, setting);
    setting("other", self.other, "another data set: each picture again with its annotations of the same id",
            unset("none"));
    setting("from-other", self.from_other, "the other's format", unset("found out"));
    setting("read-other", self.read_other, "settings of the other's format, key=value");
    setting("findings", self.findings,
            "a check's --json: only items with a finding, each with what was found", unset("all"));
    setting("rule", self.rule, "with findings: only those of this rule", unset("all"));
    setting(
        "augment", self.augment,
        "draw what training sees with these settings: a file of them, a run, or defaults; key=value changes them",
        unset("the data as they are"));
    setting("epochs", self.epochs, "with augment: how many epochs side by side", between(1, 100));
    InputOptions::visit(self.input, setting);
    CommonOptions::visit(self.common, setting);
  }
};

Verb verb() {
  return {
      MASKMILL_VERB,
      MASKMILL_SUMMARY,
      "Writes one HTML page that needs no other file, or PNG sheets, by the output's extension.",
      {{"SRC", kSourceHelp},
       {"SETTING", "with --augment: key=value of train's settings, as augment.rotation=15",
        Operand::Count::any}},
      {{"maskmill show data/pets -o pets.html", "60 items drawn at random"},
       {"maskmill show data/coco -o dogs.png --label dog --max-items 0", "every item with a dog"},
       {"maskmill show data/pets -o faults.html --findings check.json --rule shifted-mask",
        "what check found, to look at"},
       {"maskmill show data/pets -o both.html --other work/predicted", "truth and prediction side by side"},
       {"maskmill show work/split -o seen.png --augment settings.json augment.scale-high=1.5",
        "what training sees in its first four epochs"}},
      training_keys()};
}

std::size_t draw_training(const CommandLine& line, const Options& options, Source& source,
                          Findings& findings) {
  if (options.sheet.label || options.sheet.subset || options.sheet.beside || options.findings ||
      options.other)
    throw Error(Code::usage,
                "--augment draws the training subset: --label, --subset, --findings, --other and --beside do "
                "not go with it")
        .hint("train-subset=NAME names another");
  std::vector<std::string> files{*options.augment};
  if (files.front() == "defaults") files.clear();
  const learn::TrainSettings settings = learn::settings_from(files, line.operands("SETTING"));
  return learn::write_training_sheet(source, options.output.output, overwrite(options.output.force),
                                     line.operand("SRC"), settings, options.epochs, options.sheet, findings);
}

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("SRC");
  const Path target = options.output.output;
  if (!options.augment && !line.operands("SETTING").empty())
    throw Error(Code::usage, "settings of train go with --augment");
  if (options.rule && !options.findings)
    throw Error(Code::usage, "--rule chooses among --findings; give both");
  const formats::Opened opened = open_source(path, options.input);
  SheetCompanions companions;
  formats::Opened other;
  if (options.other) {
    other = open_source(*options.other, options.from_other, options.read_other);
    companions.other = other.source.get();
  }
  if (options.findings)
    companions.remarks = [found = std::make_shared<FindingsOfItems>(*options.findings, options.rule,
                                                                    root_of(path))](const Item& item) {
      return found->of(item);
    };
  Findings findings;
  const std::size_t shown = options.augment
                                ? draw_training(line, options, *opened.source, findings)
                                : write_data_sheet(*opened.source, target, overwrite(options.output.force),
                                                   path, options.sheet, findings, companions);
  line.print(counted(shown, "item") + " drawn: " + target.string() + "\n",
             {{"items", shown}, {"output", target.string()}, {"findings", findings.by_rule()}});
  summarise(findings);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, verb(), run);
}
