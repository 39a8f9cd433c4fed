// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "convert_run.h"
#include "prepare/split.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

constexpr const char* kUsualRatio = "train=0.8,val=0.1,test=0.1";

struct Options {
  CommonOptions common;
  InputOptions input;
  OutputOptions output;
  WriteOptions write;
  std::optional<std::string> ratio, count;
  std::vector<std::string> lists;
  std::optional<int> folds;
  std::int64_t seed = 0;
  bool hash = false;
  bool stratify = false, stratify_pixels = false;
  std::optional<std::string> stratify_by;
  GroupSettings groups;
  std::string to = "pairs";
  static void visit(auto& self, auto&& setting) {
    OutputOptions::visit(self.output, setting);
    setting("ratio", self.ratio, "the subsets and their shares, train=8,val=1,test=1 too",
            unset(kUsualRatio));
    setting("count", self.count, "the subsets and their numbers of items: val=500,test=500,train=rest",
            unset("by ratio"));
    setting("lists", self.lists,
            "a folder of lists such as train.txt and val.txt, or the lists: an id or file name a line");
    setting("folds", self.folds, "folds of cross-validation: data sets OUT/fold-1, ... with train and val",
            unset("none"), between(2, 1000));
    setting("seed", self.seed, "another seed, another split; the same seed, the same on any machine");
    setting("hash", self.hash,
            "an item's subset depends on its id (or group) and the seed alone: what is added moves nothing");
    setting("stratify", self.stratify,
            "spread each label over the subsets by the ratios: the items that have it");
    setting("stratify-pixels", self.stratify_pixels, "the same of each label's pixels");
    setting("stratify-by", self.stratify_by, "spread the values of this attribute of the items",
            unset("none"));
    setting("group-by", self.groups.pattern,
            "a regular expression on ids: items of one first (...) stay in one subset", unset("none"));
    setting("group-by-attribute", self.groups.attributes,
            "attributes of items, such as patient: items of one value stay in one subset");
    setting("group-by-table", self.groups.table,
            "a CSV file of ids or file names and their groups: items of one group stay in one subset",
            unset("none"));
    setting("group-column", self.groups.column, "the column of that file that says the group",
            unset("group, or else the second"));
    setting("group-by-time", self.groups.seconds,
            "seconds: images that one camera took at most so far apart stay in one subset (EXIF)",
            unset("none"), at_least(0));
    setting("near-duplicates", self.groups.near_duplicates,
            "pictures that show the same though their files differ stay in one subset; decodes all images");
    setting("to", self.to, "the format to write");
    InputOptions::visit(self.input, setting);
    WriteOptions::visit(self.write, setting);
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Draws the subsets at random and writes the data set with them. Numbers are exact (largest remainders);\n"
    "with groups, which stay together, they are as near as groups let them. Prints how it came out: items,\n"
    "groups, and the labels' shares of each subset. Items that cannot be read are in no subset; they are\n"
    "counted and said, and the exit code stays 0: splitting around known faults is what one wants of it.\n"
    "It is 1 where a line of a list names no item or several, and where a group crosses subsets that lists\n"
    "say. Masks are read to their end, images are not (but for --near-duplicates): that is check's work.",
    {{"SRC", kSourceHelp}},
    {{"maskmill split data/pets -o work/pets --ratio train=0.8,val=0.1,test=0.1 --seed 1", "three subsets"},
     {"maskmill split data/pets -o work/pets --stratify --media link",
      "each label in each subset by the same share, images hard-linked"},
     {"maskmill split data/drive -o work/drive --count val=500,test=500,train=rest --group-by '^([^_]+)_'",
      "all frames of a video, which their names begin with, in one subset"},
     {"maskmill split data/scans -o work/scans --folds 5 --stratify --group-by-table patients.csv",
      "five data sets for cross-validation, each patient in one fold"},
     {"maskmill split data/pets -o work/pets --ratio train=0.9,val=0.1 --hash",
      "as the data grow, no item goes from one subset to the other"}}};

SplitSettings settings_from(const Options& options) {
  SplitSettings settings;
  if (options.ratio.has_value() + options.count.has_value() + !options.lists.empty() +
          options.folds.has_value() >
      1)
    throw Error(Code::usage, "give one of --ratio, --count, --lists and --folds");
  if (options.count)
    settings.counts = parse_counts(*options.count);
  else if (options.folds)
    settings.folds = *options.folds;
  else if (options.lists.empty())
    settings.ratios = parse_ratios(options.ratio.value_or(kUsualRatio));
  settings.lists = options.lists;
  settings.seed = static_cast<std::uint64_t>(options.seed);
  settings.by_hash = options.hash;
  settings.groups = options.groups;
  settings.with_images = options.write.media == Media::copy || options.write.media == Media::link;
  if (options.stratify_by.has_value() + options.stratify + options.stratify_pixels > 1)
    throw Error(Code::usage, "give one of --stratify, --stratify-pixels and --stratify-by");
  using Stratify = SplitSettings::Stratify;
  settings.stratify = options.stratify_by       ? Stratify::attribute
                      : options.stratify_pixels ? Stratify::pixels
                      : options.stratify        ? Stratify::labels
                                                : Stratify::no;
  settings.attribute = options.stratify_by.value_or("");
  return settings;
}

/// One data set a fold, all or none.
void write_folds(std::vector<std::unique_ptr<Source>> folds, const Format& target, const Options& options,
                 OutputFolder& whole, Provenance made_by) try {
  fingerprint(*folds.front(), made_by.inputs.front());
  for (std::size_t i = 0; i < folds.size(); ++i) {
    CreateRequest request = create_request(options.output, options.write, folds[i]->metadata());
    request.target = whole.staging() / fmt::format("fold-{}", i + 1);
    Findings seen_before;
    ConvertSettings exact;
    exact.all_items = true;
    const std::function<void(const std::vector<Loss>&)> said_before = [](const std::vector<Loss>&) {};
    convert(*folds[i], target, request, exact, made_by, seen_before,
            i == 0 ? announce_losses(target) : said_before);
    folds[i].reset();
  }
  whole.write("provenance.json", to_json_text(made_by));
  whole.commit();
} catch (const Error& error) {
  throw whole.as_of_target(error);
}

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("SRC");
  const SplitSettings settings = settings_from(options);
  const Format& target = formats::find(options.to);
  formats::Opened opened = open_source(path, options.input);
  Findings findings;
  SplitReport report;
  const Provenance made_by = provenance(line, path, *opened.format);
  if (settings.folds > 0) {
    OutputFolder whole(options.output.output, overwrite(options.output.force));
    write_folds(split_into_folds(std::move(opened.source), settings, report, findings), target, options,
                whole, made_by);
  } else {
    const auto divided = split(std::move(opened.source), settings, report, findings);
    Findings seen_before;
    ConvertSettings exact;
    exact.all_items = true;  // or the numbers would not hold
    convert(*divided, target, create_request(options.output, options.write, divided->metadata()), exact,
            made_by, seen_before, announce_losses(target));
  }
  Json document = to_json(report);
  document["output"] = options.output.output;
  document["findings"] = findings.by_rule();
  line.print(to_text(report), document);
  summarise(findings);
  return report.unused_lines > 0 || (report.groups && report.groups->crossing > 0) ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
