// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "convert_run.h"
#include "prepare/transform/transform.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  OutputOptions output;
  WriteOptions write;
  InstanceOptions instances{.filters_annotations = true};
  TransformSettings transform;
  std::string to;
  bool lossless = false;
  static void visit(auto& self, auto&& setting) {
    OutputOptions::visit(self.output, setting);
    setting("to", self.to, "the format to write (maskmill formats lists them)", required("FORMAT"));
    setting("untile", self.transform.untile,
            "put tiles together again; where they overlap, a pixel is taken from the tile in which it lies "
            "further from the edge");
    RelabelSettings::visit(self.transform.labels, setting);
    ReshapeSettings::visit(self.transform.reshape, setting);
    FilterSettings::visit(self.transform.filter, setting);
    PictureSettings::visit(self.transform.pictures, setting);
    InputOptions::visit(self.input, setting);
    WriteOptions::visit(self.write, setting);
    InstanceOptions::visit(self.instances, setting);
    setting("lossless", self.lossless, "refuse to lose anything in the format that is written");
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "The steps come in this order, whatever the order of the options: untile, labels, crop, resize, tile,\n"
    "filter. Masks keep exact label values. Images whose pixels change are written upright, a JPEG as JPEG\n"
    "of quality 95, everything else as PNG; the others are copied as they are. Tiles are named after the\n"
    "image and their place on it, so that --untile puts them together again from any format, and\n"
    "predictions on them too.",
    {{"SRC", kSourceHelp}},
    {{"maskmill transform data/voc -o road --to pairs --binary road",
      "masks of 255 for road and 0 for all else"},
     {"maskmill transform data -o few --to coco --merge vehicle=car,truck,bus --drop tree --min-area 50",
      "other labels, and no specks"},
     {"maskmill transform aerial -o tiles --to pairs --tile 512x512 --overlap 64", "tiles to train on"},
     {"maskmill transform predicted -o whole --to coco --untile",
      "what was predicted on tiles, on the images"}}};

/// Binary masks are stored as 255 and 0 where the format can, and nobody said otherwise.
std::vector<std::string> with_binary_coding(std::vector<std::string> write, const Format& target) {
  const auto is_said = [](const std::string& text) { return text.starts_with("coding="); };
  if (!target.write_settings || std::ranges::any_of(write, is_said)) return write;
  for (const Setting& setting : target.write_settings())
    if (const auto* coding = std::get_if<EnumTarget>(&setting.target);
        coding && setting.key == "coding" &&
        std::ranges::find(coding->names, "binary") != coding->names.end())
      write.emplace_back("coding=binary");
  return write;
}

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("SRC");
  if (options.write.media == Media::reference &&
      (options.transform.untile || options.transform.reshape.any()))
    throw Error(Code::usage, "images that are made anew lie nowhere yet, and cannot be referred to")
        .at_field("media")
        .hint("use --media copy, or none");
  const Format& target = formats::find(options.to);
  formats::Opened opened = open_source(path, options.input);
  TransformSettings settings = options.transform;
  settings.filter.min_area = options.instances.min_area;
  WriteOptions write = options.write;
  if (!settings.labels.binary.empty() && settings.labels.others != Others::ignore)
    write.write = with_binary_coding(std::move(write.write), target);
  const std::shared_ptr<Source> source = std::move(opened.source);
  const auto view = transformed(source, settings, target.holds);
  Provenance made_by = provenance(line, path, *opened.format);
  fingerprint(*source, made_by.inputs.front());  // the view's items are others; it begins anew below
  return write_converted(line, *view, target, options.output, write, options.instances, options.lossless,
                         std::move(made_by));
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
