// SPDX-License-Identifier: Apache-2.0
#include "formats/mvtec/mvtec.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <set>

#include "formats/mask_files/pairing.h"
#include "formats/mvtec/mvtec_halves.h"
#include "formats/mvtec/mvtec_layout.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "MVTec AD's layout of images of defects: <category>/train/good/, <category>/test/good/, "
    "<category>/test/<defect>/NNN.png and <category>/ground_truth/<defect>/NNN_mask.png, where everything above 0 "
    "is the defect. The folder may be a category, or hold several; ground_truth/ may also lie in test/ or "
    "another subset, as MVTec AD 2 has it. Each defect's folder is a label, and background is what no mask "
    "covers; with labels=binary one label, defect, stands for all. Images in good/ are annotated as empty. "
    "Images in a subset's own folder are not annotated, and neither, with a finding, is one in a defect's folder "
    "without a mask. An item has its category and its defect as attributes. Masks of several images in a folder "
    "each (MVTec LOCO) are not read. Written is the same: each image goes to the folder of the label that "
    "it shows, to good/ where it shows none, and to combined/ where it shows several, which then are one label, "
    "and reported. Void has no place and becomes background, which is reported too. Masks of other subsets than "
    "test lie in that subset's ground_truth/, since their names may be those of test's. labels.json states what "
    "else is known of the labels. An item without a subset has no place.";

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  const std::vector<MvtecFolder> folders = find_mvtec_folders(path);
  if (folders.empty())
    return {0, {"no folders such as train/good/, or test/scratch/ and ground_truth/scratch/"}};
  const auto has_masks = [](const MvtecFolder& folder) {
    return !folder.masks.empty() && has_pair({folder.subset, folder.images, folder.masks});
  };
  const auto sample = std::ranges::find_if(folders, has_masks);
  if (sample == folders.end())
    return {15,
            {fmt::format("images in {}/, but no masks of theirs in ground_truth/", folders.front().name())}};
  std::set<std::string> categories;
  bool has_good = false;
  for (const MvtecFolder& folder : folders) {
    if (!folder.category.empty()) categories.insert(folder.category);
    has_good |= folder.defect == kMvtecGood;
  }
  Probe found{has_good ? 95 : 80,
              {fmt::format("images in {}/, masks of theirs in {}/", sample->name(),
                           relative_name(sample->masks, path))}};
  if (has_good) found.reasons.emplace_back("good/ holds what has no defect");
  if (!categories.empty())
    found.reasons.push_back(fmt::format("{} of these, such as {}/",
                                        categories.size() == 1 ? "one category" : "several categories",
                                        *categories.begin()));
  return found;
}

Format declared() {
  Format format;
  format.name = "mvtec";
  format.title = "MVTec AD";
  format.description = kDescription;
  format.extensions = {"png"};
  Capabilities& holds = format.holds;
  holds.semantic_mask = holds.background = holds.unannotated = true;
  holds.subsets = holds.label_ids = holds.label_colours = true;
  format.probe = probe;
  format.open = open_mvtec;
  format.create = create_mvtec;
  format.read_settings = declared_settings<MvtecReadSettings>;
  format.write_settings = declared_settings<MvtecWriteSettings>;
  return format;
}

}  // namespace

const Format& mvtec() {
  static const Format format = declared();
  return format;
}

}  // namespace maskmill
