// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "formats/mask_files/mask_labels.h"
#include "formats/mask_files/mask_source.h"
#include "formats/pairs/layout.h"
#include "formats/pairs/pairs_halves.h"

namespace maskmill {
namespace {

Error nothing_found(const Path& source) {
  std::vector<std::string> names;
  for (const Path& folder : list_folders(source)) names.push_back(folder.filename().string() + "/");
  constexpr std::size_t shown = 8;
  if (names.size() > shown) names.resize(shown), names.emplace_back("...");
  return Error(
             Code::bad_format,
             fmt::format("no image has a mask of its name; folders such as images/ and masks/, <subset>/ and "
                         "<subset>_mask/, or names with a suffix such as _mask were looked for, and {} found",
                         names.empty() ? "no folders" : joined(names, ", ")))
      .at_file(source)
      .hint(
          "state the folders with --read images=FOLDER --read masks=FOLDER, or the suffix with --read "
          "mask-suffix=SUFFIX");
}

bool is_in_stuffthingmaps(const PairFolders& folders) {
  return std::ranges::find(folders.masks, Path("stuffthingmaps")) != folders.masks.end();
}

/// COCO-Stuff's labels.txt counts categories from 1, with 0 for what is unlabelled; its pixel maps are one
/// less, and 255 there (https://github.com/nightrome/cocostuff, "Label format").
void use_values_of_stuffthingmaps(LabelFile& labels) {
  const auto unlabelled = std::ranges::find(labels.values, 0);
  if (unlabelled == labels.values.end()) return;
  const auto position = unlabelled - labels.values.begin();
  Label& label = labels.labels[static_cast<std::size_t>(position)];
  if (lower_case(label.name) != "unlabeled") return;
  label.role = Role::ignore;
  for (int& value : labels.values) value = value == 0 ? 255 : value - 1;
}

}  // namespace

std::unique_ptr<Source> open_pairs(const OpenRequest& request) {
  const auto settings = parsed_settings<PairsReadSettings>(request.settings);
  try {
    MaskFiles files;
    files.folders = find_folders(request.path, settings);
    files.pairs = pair_files(files.folders, settings.suffixes, files.findings);
    if (!files.any_mask()) throw nothing_found(request.path);
    std::optional<LabelFile> labels;
    if (std::ranges::any_of(files.folders, is_in_stuffthingmaps)) {
      labels =
          find_label_file(request.path, {request.path, request.path / "stuffthingmaps"}, settings.labels);
      if (labels) use_values_of_stuffthingmaps(*labels);
    }
    return make_mask_source(request.path, std::move(files), settings.labels, std::move(labels));
  } catch (Error& error) {
    error.at_file(request.path);
    throw;
  }
}

}  // namespace maskmill
