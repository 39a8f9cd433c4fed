// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "base/archive.h"
#include "base/text.h"
#include "data_options.h"
#include "fetch/local_inputs.h"
#include "instance_options.h"
#include "learn/predict_set.h"
#include "predictor_options.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  OutputOptions output;
  WriteOptions write;
  InstanceOptions instances;
  std::string to = "pairs";
  bool overlay = false;
  bool probabilities = false;
  double threshold = 0.6;
  std::vector<std::string> rename;
  bool object_masks = false;
  PredictorOptions predictor;

  Options() {
    write.media = Media::none;
    instances.of_predictions = true;
    input.without_format = "INPUT is image files and folders";
  }

  static void visit(auto& self, auto&& setting) {
    OutputOptions::visit(self.output, setting);
    setting("to", self.to, "the format to write");
    setting("overlay", self.overlay, "also draw each prediction on its picture, in overlays/");
    setting("probabilities", self.probabilities,
            "also write each class's probability as 16-bit PNG, in probabilities/CLASS/");
    setting("threshold", self.threshold, "of detectors: least score of an object", between(0, 1));
    setting("rename", self.rename, "OLD=NEW: another name for a class, in what is written",
            unset("as in labels.txt"));
    setting("object-masks", self.object_masks,
            "of detectors: also write each object's mask as a black and white PNG of its own, as "
            "objects/IMAGE_1_LABEL.png, the best first");
    PredictorOptions::visit(self.predictor, setting);
    InputOptions::visit(self.input, setting);
    WriteOptions::visit(self.write, setting);
    InstanceOptions::visit(self.instances, setting);
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Inputs are image files, folders of them, and URLs; with --from, or for an annotation file or an\n"
    "archive, a data set whose images are taken. Written are index masks at each picture's own size\n"
    "(masks/, with labels.json), or with --to any format: annotations then have the mean\n"
    "confidence of their pixels as score. The output is a data set, which every verb reads;\n"
    "with --media copy or link the images come along.",
    {{"RUN", "a run directory of maskmill train"},
     {"INPUT", "image files, folders, URLs of images, or a data set", Operand::Count::one_or_more}},
    {{"maskmill predict work/run photos -o work/predictions --overlay", "masks and pictures"},
     {"maskmill predict work/run https://example.org/street.jpg -o street", "a picture of the web"},
     {"maskmill predict work/run photos -o for-cvat --to coco --media copy",
      "annotations to correct by hand"}}};

/// Whatever holds no pictures but says where they are, or has to be unpacked first.
bool is_data_set(const std::string& path) {
  return lower_extension(path) == "json" || lower_extension(path) == "xml" || has_archive_name(path);
}

/// A data set's masks are pictures too.
void warn_of_data_sets(const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    if (!fs::is_directory(input) || fs::is_empty(input)) continue;
    const formats::Detection likeliest = formats::detect(input).front();
    if (likeliest.probe.confidence >= 60)
      notice(fmt::format(
          "{} looks like a data set ({}): every picture in it is predicted, masks too; with --from {} "
          "its images only",
          input, likeliest.format->title, likeliest.format->name));
  }
}

std::unique_ptr<Source> open_inputs(const std::vector<std::string>& inputs, const InputOptions& options) {
  if (!options.from && !is_data_set(inputs.front())) {
    warn_of_data_sets(inputs);
    return learn::picture_files(inputs);
  }
  if (inputs.size() > 1) throw Error(Code::usage, "one data set at a time: give one INPUT");
  return open_source(inputs.front(), options).source;
}

int run(const CommandLine& line, const Options& options) {
  const Format& target = formats::find(options.to);
  const fetch::LocalInputs inputs(line.operands("INPUT"));
  const auto source = open_inputs(inputs.paths(), options.input);
  learn::PredictSettings how = settings_from(options.predictor);
  how.probabilities = options.probabilities;
  how.least_score = options.threshold;
  const auto predictor = learn::Predictor::open(line.operand("RUN"), how);
  Findings findings;
  Metadata metadata;
  metadata.labels = learn::renamed(predictor->card().classes, options.rename);
  metadata.subsets = source->metadata().subsets;
  Provenance made_by{line.text(), {}};
  for (const std::string& input : inputs.printable())
    made_by.inputs.push_back({input, options.input.from.value_or("images"), 0, {}});
  const learn::PredictReport report =
      learn::predict_set(*predictor, *source, target, create_request(options.output, options.write, metadata),
                         {settings_from(options.instances), options.predictor.batch_size, options.overlay,
                          options.probabilities, options.object_masks},
                         made_by, findings);
  line.print(
      fmt::format("{} predicted on {} in {}, {:.1f} images/s\n{}\n", counted(report.items, "item"),
                  predictor->device(), name_of(predictor->precision()),
                  static_cast<double>(report.items) / std::max(report.seconds, 1e-9), options.output.output),
      {{"items", report.items},
       {"left_out", report.left_out.unreadable},
       {"seconds", report.seconds},
       {"device", predictor->device()},
       {"precision", name_of(predictor->precision())},
       {"mirror", options.predictor.mirror},
       {"format", target.name},
       {"output", options.output.output},
       {"findings", findings.by_rule()}});
  if (report.left_out.unreadable > 0) {
    notice(counted(report.left_out.unreadable, "item") + " could not be read:");
    findings.for_each(
        [](const Finding& finding) { notice("  " + finding.place.text() + ": " + finding.message); });
  }
  return report.left_out.unreadable > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
