// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/mask_source.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"

namespace maskmill {
namespace {

std::vector<std::string> subset_names(std::vector<std::string> listed,
                                      const std::vector<PairFolders>& folders) {
  std::set<std::string> others;
  for (const PairFolders& part : folders)
    if (!part.subset.empty() && std::ranges::find(listed, part.subset) == listed.end())
      others.insert(part.subset);
  listed.insert(listed.end(), others.begin(), others.end());
  return listed;
}

class MaskSource : public IndexedSource {
 public:
  MaskSource(const Path& source, MaskFiles files, const MaskLabelSettings& settings,
             std::optional<LabelFile> labels)
      : folders_(std::move(files.folders)), pairs_(std::move(files.pairs)) {
    findings_ = std::move(files.findings);
    std::vector<std::uint32_t> with_mask;
    for (std::uint32_t i = 0; i < pairs_.size(); ++i)
      if (!pairs_.mask(i).empty()) with_mask.push_back(i);
    if (with_mask.empty()) throw Error(Code::bad_format, "no image has a mask of its name").at_file(source);
    for (const std::size_t number : with_mask)
      labelled_subsets_.insert(folders_[pairs_[number].folders].subset);

    const auto mask_at = [&](std::size_t number) { return mask_file(pairs_[with_mask[number]]); };
    const Path beside_masks = folders_[pairs_[with_mask.front()].folders].masks.parent_path();
    if (!labels) labels = find_label_file(source, {source, beside_masks}, settings);
    std::vector<bool> is_unreadable(pairs_.size());
    const auto leave_out = [&](std::size_t number, const Error& error) {
      findings_.add(to_finding(error, "unreadable-mask"));
      is_unreadable[with_mask[number]] = true;
    };
    MaskLabels found = find_labels(std::move(labels), settings, with_mask.size(), mask_at, leave_out);
    coding_ = std::move(found.coding);
    metadata_.labels = std::move(found.labels);
    metadata_.subsets = subset_names(std::move(found.subsets), folders_);
    pairs_.erase_if([&](std::size_t number) { return is_unreadable[number]; });
  }

  std::size_t size() const override { return pairs_.size(); }

 private:
  Path image_file(const FilePair& pair) const {
    return pair.image.empty() ? Path() : folders_[pair.folders].images / pair.image;
  }
  Place place_of(const FilePair& pair) const {
    if (pair.line > 0) return {folders_[pair.folders].list.string(), pair.line, pair.name()};
    return {(pair.image.empty() ? mask_file(pair) : image_file(pair)).string(), {}, {}};
  }
  Path mask_file(const FilePair& pair) const { return folders_[pair.folders].masks / pair.mask; }

  std::optional<Item> read(std::size_t index, Look look, std::vector<Finding>& findings) const override {
    const FilePair pair = pairs_[index];
    Item item;
    item.id = id_of(pair, folders_);
    item.image = image_file(pair);
    item.file_name = item.id + item.image.extension().string();
    item.subset = folders_[pair.folders].subset;
    item.annotated = !pair.mask.empty();
    item.origin = place_of(pair);
    if (item.annotated)
      item.semantic = MaskRef{mask_file(pair), coding_, std::nullopt, false};
    else if (labelled_subsets_.contains(item.subset))
      findings.push_back({"unlabelled-item", Severity::error, item.origin,
                          "an image without a mask of its name",
                          "add the mask; without it the image counts as not annotated"});
    if (!check_files(item, look, findings)) return std::nullopt;
    return item;
  }

  std::vector<PairFolders> folders_;
  FilePairs pairs_;
  std::set<std::string> labelled_subsets_;  ///< a subset without any mask, such as a test set, is legal
  std::shared_ptr<const MaskCoding> coding_;
};

}  // namespace

std::unique_ptr<Source> make_mask_source(const Path& source, MaskFiles files,
                                         const MaskLabelSettings& settings, std::optional<LabelFile> labels) {
  return std::make_unique<MaskSource>(source, std::move(files), settings, std::move(labels));
}

}  // namespace maskmill
