// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "data_options.h"
#include "prepare/statistics.h"
#include "statistics_page.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  bool fast = false;
  std::optional<std::string> report;
  bool force = false;
  static void visit(auto& self, auto&& setting) {
    InputOptions::visit(self.input, setting);
    setting("fast", self.fast, "do not decode pictures: no pixel counts, no channel means");
    setting("report", self.report,
            "also write this HTML page: how labels, objects and images are distributed", unset("none"));
    setting("force", self.force, "replace an older page");
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
                  {"maskmill info data/pets --report pets.html", "the distributions as a page of charts"},
                  {"maskmill info annotations.json --fast --json", "counts only, for a script"}}};

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("SRC");
  const formats::Opened opened = formats::open(path, options.input.from.value_or(""), options.input.read);
  if (options.report) require_writable(*options.report, overwrite(options.force));
  Findings findings;
  const Statistics statistics = statistics_of(*opened.source, {.pixels = !options.fast}, findings);
  if (options.report)
    write_data_report(statistics_page(statistics, opened.source->metadata().labels, path, *opened.format),
                      *options.report, overwrite(options.force));

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
