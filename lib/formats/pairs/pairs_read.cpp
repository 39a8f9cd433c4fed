// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/pairs/layout.h"
#include "formats/pairs/pair_labels.h"
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
                         "<subset>annot/, or names with a suffix such as _mask were looked for, and {} found",
                         names.empty() ? "no folders" : joined(names, ", ")))
      .at_file(source)
      .hint(
          "state the folders with --read images=FOLDER --read masks=FOLDER, or the suffix with --read "
          "mask-suffix=SUFFIX");
}

std::vector<std::string> subset_names(std::vector<std::string> listed,
                                      const std::vector<PairFolders>& folders) {
  std::set<std::string> others;
  for (const PairFolders& part : folders)
    if (!part.subset.empty() && std::ranges::find(listed, part.subset) == listed.end())
      others.insert(part.subset);
  listed.insert(listed.end(), others.begin(), others.end());
  return listed;
}

class PairsSource : public IndexedSource {
 public:
  PairsSource(const Path& source, const PairsReadSettings& settings)
      : folders_(find_folders(source, settings)), pairs_(pair_files(folders_, settings, findings_)) {
    std::vector<std::size_t> with_mask;
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      if (!pairs_[i].mask.empty()) with_mask.push_back(i);
    if (with_mask.empty()) throw nothing_found(source);

    const auto mask_at = [&](std::size_t number) { return mask_file(pairs_[with_mask[number]]); };
    const Path beside_masks = folders_[pairs_[with_mask.front()].folders].masks.parent_path();
    PairLabels found = find_labels(source, {source, beside_masks}, settings, with_mask.size(), mask_at);
    coding_ = std::move(found.coding);
    metadata_.labels = std::move(found.labels);
    metadata_.subsets = subset_names(std::move(found.subsets), folders_);
    leave_out(found.unreadable, with_mask);
  }

  std::size_t size() const override { return pairs_.size(); }

 private:
  Path image_file(const FilePair& pair) const {
    return pair.image.empty() ? Path() : folders_[pair.folders].images / pair.image;
  }
  Path mask_file(const FilePair& pair) const { return folders_[pair.folders].masks / pair.mask; }

  void leave_out(const std::map<std::size_t, Error>& unreadable, const std::vector<std::size_t>& with_mask) {
    for (const auto& [number, error] : unreadable) {
      findings_.add(to_finding(error, "unreadable-mask"));
      FilePair& pair = pairs_[with_mask[number]];
      pair.image.clear(), pair.mask.clear();
    }
    std::erase_if(pairs_, [](const FilePair& pair) { return pair.name().empty(); });
  }

  std::optional<Item> read(std::size_t index, std::vector<Finding>& findings) const override {
    const FilePair& pair = pairs_[index];
    Item item;
    item.id = id_of(pair, folders_);
    item.image = image_file(pair);
    item.file_name = item.id + item.image.extension().string();
    item.subset = folders_[pair.folders].subset;
    item.annotated = !pair.mask.empty();
    item.origin.file = (item.image.empty() ? mask_file(pair) : item.image).string();
    if (item.annotated)
      item.semantic = MaskRef{mask_file(pair), coding_, std::nullopt, false};
    else
      findings.push_back({"pair-missing", Severity::error, item.origin, "an image without a mask of its name",
                          "add the mask; without it the image counts as not annotated"});
    if (!check_headers(item, findings)) return std::nullopt;
    return item;
  }

  std::vector<PairFolders> folders_;
  std::vector<FilePair> pairs_;
  std::shared_ptr<const MaskCoding> coding_;
};

}  // namespace

std::unique_ptr<Source> open_pairs(const OpenRequest& request) {
  const auto settings = parsed_settings<PairsReadSettings>(request.settings);
  try {
    return std::make_unique<PairsSource>(request.path, settings);
  } catch (Error& error) {
    error.at_file(request.path);
    throw;
  }
}

}  // namespace maskmill
