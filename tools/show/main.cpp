// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "data_options.h"
#include "render/data_sheet.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  OutputOptions output;
  DataSheetSettings sheet;
  static void visit(auto& self, auto&& setting) {
    OutputOptions::visit(self.output, setting);
    DataSheetSettings::visit(self.sheet, setting);
    InputOptions::visit(self.input, setting);
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Writes one HTML page that needs no other file, or PNG sheets, by the output's extension.",
    {{"SRC", kSourceHelp}},
    {{"maskmill show data/pets -o pets.html", "60 items drawn at random"},
     {"maskmill show data/coco -o dogs.png --label dog --max-items 0", "every item with a dog"}}};

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("SRC");
  const Path target = options.output.output;
  const formats::Opened opened = open_source(path, options.input);
  Findings findings;
  const std::size_t shown = write_data_sheet(*opened.source, target, overwrite(options.output.force), path,
                                             options.sheet, findings);
  line.print(counted(shown, "item") + " drawn: " + target.string() + "\n",
             {{"items", shown}, {"output", target.string()}, {"findings", findings.by_rule()}});
  summarise(findings);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
