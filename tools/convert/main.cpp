// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "convert_run.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  OutputOptions output;
  WriteOptions write;
  InstanceOptions instances;
  std::string to;
  bool lossless = false;
  static void visit(auto& self, auto&& setting) {
    OutputOptions::visit(self.output, setting);
    setting("to", self.to, "the format to write (maskmill formats lists them)", required("FORMAT"));
    InputOptions::visit(self.input, setting);
    WriteOptions::visit(self.write, setting);
    InstanceOptions::visit(self.instances, setting);
    setting("lossless", self.lossless, "refuse to lose anything");
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Says before it writes what the target cannot hold, with counts and an example. Masks become\n"
    "instances where the target has no masks, and instances are painted where it has nothing else.\n"
    "What cannot be read is left out, counted, and said: the exit code is then 1. Images are copied\n"
    "as they are and not decoded: to look into them is check's work.",
    {{"SRC", kSourceHelp}},
    {{"maskmill convert data/voc -o data/coco --to coco", "Pascal VOC to COCO"},
     {"maskmill convert masks -o coco --to coco --instances label --shape polygon --tolerance 1",
      "one polygon annotation a label and image, off by at most a pixel"}}};

int run(const CommandLine& line, const Options& options) {
  const std::string& path = line.operand("SRC");
  const Format& target = formats::find(options.to);
  const formats::Opened opened = open_source(path, options.input);
  return write_converted(line, *opened.source, target, options.output, options.write, options.instances,
                         options.lossless, provenance(line, path, *opened.format));
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}
