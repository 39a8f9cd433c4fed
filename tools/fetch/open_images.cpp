// SPDX-License-Identifier: Apache-2.0
#include "open_images.h"

#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <memory>
#include <utility>

#include "base/progress.h"
#include "base/text.h"
#include "convert_run.h"
#include "formats/openimages/openimages.h"
#include "formats/openimages/openimages_halves.h"
#include "formats/openimages_classes/openimages_classes.h"
#include "planned_files.h"

namespace maskmill::tools {
namespace {

constexpr const char* kLicence = "annotations CC BY 4.0; images CC BY 2.0, each as its author states";
constexpr const char* kCitation =
    "A. Kuznetsova et al.: The Open Images Dataset V4. IJCV 128, 2020; masks: R. Benenson, S. Popov, V. Ferrari: "
    "Large-scale interactive object segmentation with human annotators. CVPR 2019";

/// The same with names of labels in lower case, as the Python package openimages calls its folders.
class LowerCaseLabels : public Source {
 public:
  explicit LowerCaseLabels(std::unique_ptr<Source> source)
      : source_(std::move(source)), metadata_(source_->metadata()) {
    std::vector<Label> labels(metadata_.labels.begin(), metadata_.labels.end());
    for (Label& label : labels) {
      label.name = lower_case(label.name);
      label.supercategory = lower_case(label.supercategory);
    }
    metadata_.labels = LabelMap(std::move(labels));
    // MIDs and what else is kept by the labels' names.
    for (auto& [key, value] : metadata_.attributes)
      if (auto* text = std::get_if<JsonText>(&value); text && key.starts_with("openimages_")) {
        Json lowered = Json::object();
        const Json by_name = Json::parse(text->text);
        for (const auto& [name, of] : by_name.items()) lowered[lower_case(name)] = of;
        text->text = lowered.dump();
      }
  }
  const Metadata& metadata() const override { return metadata_; }
  std::size_t size() const override { return source_->size(); }
  ReadItem next() override { return source_->next(); }
  void rewind() override { source_->rewind(); }
  const Findings& findings() const override { return source_->findings(); }

 private:
  std::unique_ptr<Source> source_;
  Metadata metadata_;
};

Json counts_of(const fetch::OpenImagesReport& report) {
  Json classes = Json::array();
  for (const fetch::OpenImagesClassCount& some : report.classes)
    classes.push_back({{"name", some.name},
                       {"mid", some.mid},
                       {"images", some.images},
                       {"boxes", some.boxes},
                       {"masks", some.masks}});
  return {{"classes", std::move(classes)},
          {"images", report.images},
          {"boxes", report.boxes},
          {"masks", report.masks},
          {"missing_images", report.missing_images},
          {"missing_masks", report.missing_masks}};
}

std::string text_of(const fetch::OpenImagesReport& report) {
  std::string text;
  for (const fetch::OpenImagesClassCount& some : report.classes)
    text += fmt::format("{} ({}): {}, {}, {}\n", some.name, some.mid, counted(some.images, "image"),
                        some.boxes == 1 ? "1 box" : with_thousands(some.boxes) + " boxes",
                        counted(some.masks, "mask"));
  return text;
}

}  // namespace

void require_unused(OpenImagesOptions options) {
  OpenImagesOptions defaults;
  const std::vector<Setting> given = settings_of(options), unused = settings_of(defaults);
  for (std::size_t i = 0; i < given.size(); ++i)
    if (given[i].value_text() != unused[i].value_text())
      throw Error(Code::usage, "--" + given[i].key + " is of Open Images alone")
          .hint("maskmill fetch openimages --classes NAME,... -o OUT");
}

int plan(const CommandLine& line, const OpenImagesOptions& options, const fetch::Access& access) {
  const fetch::OpenImagesPlan planned = fetch::plan_open_images(options.request, access);
  PlannedFiles files;
  files.add(planned.tables);
  const std::uint64_t of_tables = files.to_come;
  files.text += fmt::format("{} of tables would be read\n", bytes_in_words(of_tables));
  files.add(planned.shards);
  if (!planned.shards.empty())
    files.text +=
        fmt::format("{} of masks at most, and the images\n", bytes_in_words(files.to_come - of_tables));
  Json document{{"files", std::move(files.list)}, {"bytes", files.to_come}};
  if (planned.found) {
    files.text += text_of(*planned.found);
    document["openimages"] = counts_of(*planned.found);
  }
  line.print(files.text, document);
  return 0;
}

int fetch_open_images(const CommandLine& line, const OpenImagesOptions& options, const Path& output,
                      Overwrite overwrite, const fetch::Access& access) {
  const Format& target = formats::find(options.to);
  {
    const OutputFolder attempt(output, overwrite);
  }  // what cannot be written is said before hours of fetching
  const Path work = output.string() + ".part";
  Findings findings;
  const fetch::OpenImagesReport report = fetch::fetch_open_images(options.request, work, access, findings);

  std::unique_ptr<Source> source = openimages().open({work, {}});
  if (&target == &openimages_classes()) source = std::make_unique<LowerCaseLabels>(std::move(source));
  Provenance made_by{line.text(), {{std::string(kOpenImages), std::string(openimages().name), 0, {}}}};
  made_by.licence = kLicence;
  made_by.citation = kCitation;
  const Media media = options.request.size == fetch::OpenImagesSize::none ? Media::none : Media::link;
  const ConvertReport converted =
      convert(*source, target, {output, overwrite, media, source->metadata(), options.write}, {}, made_by,
              findings, announce_losses(target));
  source.reset();
  fs::remove_all(work);

  Json document{{"openimages", counts_of(report)}, {"output", output.string()},
                {"format", target.name},           {"licence", kLicence},
                {"citation", kCitation},           {"findings", findings.by_rule()}};
  line.print(text_of(report) + to_text(converted) +
                 fmt::format("licence:  {}\ncitation: {}\nnext:     maskmill check {} --from {}\n", kLicence,
                             kCitation, shell_quoted(output.string()), target.name),
             document);
  summarise(findings);
  return converted.left_out > 0 || findings.count(Severity::error) > 0 ? 1 : 0;
}

}  // namespace maskmill::tools
