// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "data_options.h"
#include "prepare/statistics.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  bool fast = false;
  static void visit(auto& self, auto&& setting) {
    InputOptions::visit(self.input, setting);
    setting("fast", self.fast, "do not decode pictures: no pixel counts, no channel means");
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{MASKMILL_VERB,
                 MASKMILL_SUMMARY,
                 "Names the format and says why, counts items, annotations, subsets and sizes, and, unless "
                 "--fast, decodes\n"
                 "everything for the pixels of each label and the channels' mean and standard deviation.",
                 {{"SRC", kSourceHelp}},
                 {{"maskmill info data/pets", "what is in a folder"},
                  {"maskmill info annotations.json --fast --json", "counts only, for a script"}}};

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("SRC");
  const formats::Opened opened = formats::open(path, options.input.from.value_or(""), options.input.read);
  Findings findings;
  const Statistics statistics = statistics_of(*opened.source, {.pixels = !options.fast}, findings);

  std::string text = fmt::format("{} ({})\n", opened.format->title, opened.format->name);
  for (const std::string& reason : opened.probe.reasons) text += "  " + printable(reason) + "\n";
  Json document{{"format", opened.format->name}, {"reasons", opened.probe.reasons}};
  document.update(to_json(statistics));
  document["findings"] = findings.by_rule();
  line.print(text + to_text(statistics), document);
  summarise(findings);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
