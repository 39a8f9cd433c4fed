// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "convert_run.h"
#include "prepare/merge.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  OutputOptions output;
  WriteOptions write;
  InstanceOptions instances;
  std::string to = "coco";
  SameId same_id = SameId::refuse;
  bool lossless = false;
  static void visit(auto& self, auto&& setting) {
    OutputOptions::visit(self.output, setting);
    setting("to", self.to, "the format to write");
    setting(
        "same-id", self.same_id,
        "an item whose id an earlier data set has: an error, its data set's name before its id, or left out");
    WriteOptions::visit(self.write, setting);
    InstanceOptions::visit(self.instances, setting);
    setting("lossless", self.lossless, "refuse to lose anything");
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Writes several data sets, of any formats, as one: the items of the first, then those of the second, and\n"
    "so on. Labels are the same where their names are. Where data sets say different things of a label, the\n"
    "first holds, and the conflict is said. A format is named before a path, as in voc:data.",
    {{"SRC", kSourceHelp, Operand::Count::one_or_more}},
    {{"maskmill merge data/voc data/coco -o all --to coco", "two data sets into one COCO file"},
     {"maskmill merge pairs:day pairs:night -o all --to pairs --same-id rename",
      "frames of equal names kept apart"}}};

/// The last part of a path; the input's number where that is no name or an earlier input has it.
std::string name_of_input(const std::string& path, const std::vector<MergeInput>& before) {
  const std::string last = Path(path).lexically_normal().filename().string();
  const bool usable = !last.empty() && last != "." && last != "..";
  const bool taken = std::ranges::any_of(before, [&](const MergeInput& input) { return input.name == last; });
  return usable && !taken ? last : fmt::format("{}", before.size() + 1);
}

int run(const CommandLine& line, const Options& options) {
  const std::vector<std::string>& paths = line.operands("SRC");
  if (paths.size() < 2)
    throw Error(Code::usage, "one data set is nothing to merge; to write it anew: maskmill convert");
  const Format& target = formats::find(options.to);
  std::vector<MergeInput> inputs;
  Provenance made_by{line.text(), {}};
  for (const std::string& path : paths) {
    formats::Opened opened = open_source(path, {});
    made_by.inputs.push_back({path, std::string(opened.format->name), 0, {}});
    inputs.push_back({name_of_input(path, inputs), std::move(opened.source)});
  }
  const auto source = merged(std::move(inputs), options.same_id);
  return write_converted(line, *source, target, options.output, options.write, options.instances,
                         options.lossless, std::move(made_by));
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
