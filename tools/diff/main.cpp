// SPDX-License-Identifier: Apache-2.0
#include "data_options.h"
#include "prepare/diff.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  std::optional<std::string> from_a, from_b;
  std::vector<std::string> read_a, read_b, ignore;
  double tolerance = 0;
  int examples = 5;
  static void visit(auto& self, auto&& setting) {
    setting("from", self.from_a, "A's format", unset("found out"));
    setting("read", self.read_a, "settings of A's format, key=value");
    setting("from-b", self.from_b, "B's format", unset("found out"));
    setting("read-b", self.read_b, "settings of B's format, key=value");
    setting("ignore", self.ignore, "aspects that do not count, such as number,image",
            one_of(enum_names<Aspect>));
    setting("tolerance", self.tolerance, "pixels that two coordinates may be apart", at_least(0));
    setting("examples", self.examples, "places shown of each aspect", at_least(0));
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Compares two data sets of any formats item by item, by their ids: images, annotations by their shapes\n"
    "and by the pixels that they or masks say, flags and attributes, and what belongs to the whole. Where\n"
    "one has masks of labels and the other objects, the pixels alone are compared. The exit code is 1 where\n"
    "anything differs.",
    {{"A", kSourceHelp}, {"B", "another"}},
    {{"maskmill diff data/voc work/coco --ignore number,metadata", "what a conversion changed"},
     {"maskmill diff predicted corrected --tolerance 0.01", "what an annotator changed"}}};

DiffSettings settings_from(const Options& options) {
  DiffSettings settings;
  settings.tolerance = options.tolerance;
  settings.examples = static_cast<std::size_t>(options.examples);
  for (const std::string& name : options.ignore)
    settings.ignored.insert(
        static_cast<Aspect>(std::ranges::find(enum_names<Aspect>, name) - enum_names<Aspect>.begin()));
  return settings;
}

int run(const CommandLine& line, const Options& options) {
  const formats::Opened a = open_source(line.operand("A"), options.from_a, options.read_a);
  const formats::Opened b = open_source(line.operand("B"), options.from_b, options.read_b);
  Findings findings;
  const DiffReport report = diff(*a.source, *b.source, settings_from(options), findings);
  Json document = to_json(report);
  document["format_a"] = a.format->name;
  document["format_b"] = b.format->name;
  document["findings"] = findings.by_rule();
  line.print(to_text(report), document);
  summarise(findings);
  return report.none() && report.left_out == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
