// SPDX-License-Identifier: Apache-2.0
#include "formats/label_masks/label_masks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>

#include "base/error.h"
#include "base/text.h"
#include "formats/mask_files/label_mask_sink.h"
#include "formats/mask_files/label_mask_source.h"
#include "formats/mask_files/pairing.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "images/ and beside it a folder of masks for each label, or both in each <subset>/; masks/<label>/ is read "
    "too. A mask has its image's name, perhaps with a suffix, and every value above 0 is the label. Labels may "
    "overlap; objects of one label are not told apart (where a format holds objects, each connected region "
    "becomes one: --instances). An image of which every label has a mask, be it empty, is annotated as empty "
    "where all are; one that has no mask at all is not annotated, and reported; where only some labels have "
    "one, the others count as not there, and a warning says so, since programs that load every label's mask "
    "stop at it. Labels are named after their folders, or by labels.json and the like beside images/, which "
    "also states what means background or void. Written are gray PNGs of 0 and 255 for each label but "
    "background, empty ones too; void/ for pixels without a label; and labels.json. A name that cannot name a "
    "folder has \"_\" for what cannot.";

/// They hold masks of all labels, and name none.
constexpr std::array<std::string_view, 9> kNoLabels{"masks", "mask",  "labels",  "label",       "annotations",
                                                    "gt",    "annot", "targets", "ground_truth"};

struct ReadSettings : LabelMaskSettings {
  std::vector<std::string> label_folders;
  static void visit(auto& self, auto&& setting) {
    setting("label-folders", self.label_folders,
            "folders beside images/ that hold masks; where none is named, all of them do");
    LabelMaskSettings::visit(self, setting);
  }
};

std::vector<LabelFolders> find_folders(const Path& source, const std::vector<std::string>& only) {
  std::vector<LabelFolders> found;
  const Path images = source / "images";
  const bool is_flat = holds_image(images, true);
  for (const Path& folder : list_folders(source)) {
    if (folder.filename() == images.filename() || !holds_image(folder / "images", true)) continue;
    LabelFolders part = label_folders_beside(folder / "images", folder.filename().string(), only);
    // Beside images/, a folder with nothing but images/ is a label's: its masks lie as the images do.
    if (!is_flat || !part.masks.empty()) found.push_back(std::move(part));
  }
  if (!is_flat) return found;
  LabelFolders whole = label_folders_beside(images, {}, only);
  for (const LabelFolders& subset : found) whole.masks.erase(subset.subset);
  found.insert(found.begin(), std::move(whole));
  return found;
}

std::unique_ptr<Source> open(const OpenRequest& request) {
  const auto settings = parsed_settings<ReadSettings>(request.settings);
  std::vector<LabelFolders> folders = find_folders(request.path, settings.label_folders);
  if (std::ranges::all_of(folders, [](const LabelFolders& part) { return part.masks.empty(); }))
    throw Error(Code::bad_format, folders.empty()
                                      ? "there is no folder images/, and none in a folder of a subset"
                                      : "beside images/ there is no folder of masks")
        .at_file(request.path);
  return make_label_mask_source(request.path, std::move(folders), {request.path}, settings);
}

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  const std::vector<LabelFolders> folders = find_folders(path, {});
  const auto part = std::ranges::find_if(folders, [](const LabelFolders& one) { return !one.masks.empty(); });
  if (part == folders.end()) return {0, {"no images/ with folders of masks beside it"}};
  std::vector<std::string> names;
  for (const auto& [name, masks] : part->masks) names.push_back(name + "/");
  for (const auto& [name, masks] : part->masks)
    if (std::ranges::find(kNoLabels, name) != kNoLabels.end())
      return {10, {fmt::format("{}/ beside {}/ names no label", name, relative_name(part->images, path))}};
  if (!has_label_masks(*part))
    return {10,
            {fmt::format("{} beside {}/ do not all hold binary masks of the images' names",
                         joined(names, ", "), relative_name(part->images, path))}};
  Probe found{65,
              {fmt::format("images in {}/, binary masks of the same names in {} beside it",
                           relative_name(part->images, path), joined(names, ", "))}};
  if (fs::is_regular_file(path / "labels.json")) {
    found.confidence += 15;
    found.reasons.emplace_back("labels.json names the labels");
  }
  return found;
}

class FolderSink : public LabelMaskSink {
 public:
  using LabelMaskSink::LabelMaskSink;

 private:
  std::string image_folder(const std::string& subset) const override {
    return subset.empty() ? "images" : subset + "/images";
  }
};

struct NoSettings {
  static void visit(auto&, auto&&) {}
};

std::unique_ptr<Sink> create(const CreateRequest& request) {
  parsed_settings<NoSettings>(request.settings);
  return std::make_unique<FolderSink>(request);
}

}  // namespace

const Format& label_masks() {
  static const Format format{.name = "label_masks",
                             .title = "binary masks a label",
                             .description = kDescription,
                             .extensions = {"png"},
                             .holds = held_by_label_masks(),
                             .probe = probe,
                             .open = open,
                             .create = create,
                             .read_settings = declared_settings<ReadSettings>};
  return format;
}

}  // namespace maskmill
