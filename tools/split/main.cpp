// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "convert_run.h"
#include "prepare/split.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  OutputOptions output;
  WriteOptions write;
  std::string ratio = "train=0.8,val=0.1,test=0.1";
  std::int64_t seed = 0;
  bool stratify = false;
  std::optional<std::string> stratify_by;
  std::string to = "pairs";
  static void visit(auto& self, auto&& setting) {
    OutputOptions::visit(self.output, setting);
    setting("ratio", self.ratio, "the subsets and their shares");
    setting("seed", self.seed, "another seed, another split; the same seed, the same on any machine");
    setting("stratify", self.stratify, "spread each label over the subsets by the ratios");
    setting("stratify-by", self.stratify_by, "spread the values of this attribute of the items",
            unset("none"));
    setting("to", self.to, "the format to write");
    InputOptions::visit(self.input, setting);
    WriteOptions::visit(self.write, setting);
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Draws the subsets at random, exact in their ratios (largest remainders), and writes the data set\n"
    "with them. Items that cannot be read are in no subset; they are counted and said, and the exit code\n"
    "stays 0: splitting around known faults is what one wants of it. Masks are read to their end, images\n"
    "are not: that is check's work.",
    {{"SRC", kSourceHelp}},
    {{"maskmill split data/pets -o work/pets --ratio train=0.8,val=0.1,test=0.1 --seed 1", "three subsets"},
     {"maskmill split data/pets -o work/pets --stratify-by breed --media link",
      "each breed in each subset by the same share, images hard-linked"}}};

SplitSettings settings_from(const Options& options) {
  SplitSettings settings;
  settings.ratios = parse_ratios(options.ratio);
  settings.seed = static_cast<std::uint64_t>(options.seed);
  settings.with_images = options.write.media == Media::copy || options.write.media == Media::link;
  if (options.stratify_by && options.stratify)
    throw Error(Code::usage, "--stratify spreads labels and --stratify-by an attribute; give one of the two");
  if (options.stratify_by) {
    settings.stratify = SplitSettings::Stratify::attribute;
    settings.attribute = *options.stratify_by;
  } else if (options.stratify) {
    settings.stratify = SplitSettings::Stratify::labels;
  }
  return settings;
}

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("SRC");
  const SplitSettings settings = settings_from(options);
  const Format& target = formats::find(options.to);
  formats::Opened opened = open_source(path, options.input);
  Findings findings, seen_twice;
  SplitReport split_report;
  const auto divided = split(std::move(opened.source), settings, split_report, findings);
  ConvertSettings exact;
  exact.all_items = true;  // or the ratios would not hold
  convert(*divided, target, create_request(options.output, options.write, divided->metadata()), exact,
          provenance(line, path, *opened.format), seen_twice, announce_losses(target));
  Json document = to_json(split_report);
  document["output"] = options.output.output;
  document["findings"] = findings.by_rule();
  line.print(to_text(split_report), document);
  summarise(findings);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
