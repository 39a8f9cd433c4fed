// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "formats/cvat_mask/cvat_mask_halves.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/mask_files/mask_scan.h"
#include "formats/voc/voc_labels.h"

namespace maskmill {
namespace {

constexpr std::size_t kScannedMasks = 8;  ///< by which it is found out what palettes mean

using Coding = std::shared_ptr<const MaskCoding>;

/// Numbers, or the colours that Pascal VOC's colour map has for them, of all that fit an instance mask.
Coding object_coding() {
  static const Coding coding = [] {
    auto made = std::make_shared<MaskCoding>();
    made->kind = MaskCoding::Kind::instance;
    for (int number = 0; number < kUnlabelled; ++number)
      made->colours.emplace_back(voc_colour(number), number);
    std::ranges::sort(made->colours);  // then they are searched, which takes no time for each mask
    return Coding(std::move(made));
  }();
  return coding;
}

/// "# ids: ..." says roles; without it black is background, where no name is one of background.
void give_background(std::vector<Label>& labels) {
  const auto has_role = [](Role role) { return [role](const Label& label) { return label.role == role; }; };
  if (std::ranges::any_of(labels, has_role(Role::background))) return;
  const auto black = std::ranges::find(labels, std::optional(kCvatBackground), &Label::colour);
  if (black != labels.end() && black->role == Role::object) black->role = Role::background;
}

class CvatMaskSource : public IndexedSource {
 public:
  CvatMaskSource(const Path& source, const CvatMaskReadSettings& settings)
      : folders_(find_cvat_mask_folders(source)),
        index_(index_voc(folders_, VocSets::all, findings_)),
        coding_(settings.coding) {
    const auto is_annotated = [](const VocEntry& entry) {
      return entry.class_mask != VocEntry::none || entry.in_segmentation;
    };
    if (std::ranges::none_of(index_.entries, is_annotated))
      throw Error(Code::bad_format, "there is no class mask, and no list of images").at_file(folders_.root);
    has_images_ = std::ranges::any_of(index_.entries,
                                      [](const VocEntry& entry) { return entry.image != VocEntry::none; });
    has_lists_ = !folders_.segmentation_sets.empty() || !folders_.main_sets.empty();
    for (const std::string& subset : index_.subsets)
      if (subset != kCvatNoSubset) metadata_.subsets.push_back(subset);

    labels_file_ = folders_.root / settings.labels.value_or("labelmap.txt");
    std::vector<Label> labels = parse_voc_labelmap(read_file(labels_file_), labels_file_, LabelmapIds::lines);
    lines_ = static_cast<int>(labels.size());
    give_background(labels);
    try {
      metadata_.labels = with_background(LabelMap(std::move(labels)));
    } catch (Error& error) {
      throw error.at_file(labels_file_);
    }
    make_codings();
  }

  std::size_t size() const override { return index_.entries.size(); }

 private:
  Path class_mask_of(const VocEntry& entry) const {
    return index_.file(entry, entry.class_mask, folders_.class_masks);
  }

  /// Of the first class masks. What cannot be read is a finding of its item, later.
  MaskScan scanned() const {
    std::vector<Path> masks;
    for (const VocEntry& entry : index_.entries)
      if (entry.class_mask != VocEntry::none && masks.size() < kScannedMasks)
        masks.push_back(class_mask_of(entry));
    const auto mask_at = [&](std::size_t number) { return masks[number]; };
    return scan_masks(masks.size(), mask_at, ScanUntil::not_binary, [](std::size_t, const Error&) {});
  }

  void make_codings() {
    auto by_index = std::make_shared<MaskCoding>(), by_colour = std::make_shared<MaskCoding>();
    by_colour->kind = MaskCoding::Kind::colour;
    const LabelMap& labels = metadata_.labels;
    const MaskScan scan = scanned();
    std::map<Rgb, int> label_of;
    for (int i = 0; i < labels.size(); ++i) {
      if (i < lines_) by_index->values.emplace_back(i, i);
      const auto [other, is_new] = label_of.emplace(labels.colour(i), i);
      if (is_new)
        by_colour->colours.emplace_back(other->first, i);
      else if (scan.any_colour || coding_ == CvatMaskCoding::colour)
        throw Error(
            Code::bad_value,
            fmt::format("the labels {} and {} have the same colour {},{},{}, and masks are of colours",
                        in_quotes(labels[other->second].name), in_quotes(labels[i].name), other->first.r,
                        other->first.g, other->first.b))
            .at_file(labels_file_)
            .hint("give each label a colour of its own, there and in the masks");
    }
    const bool palettes_are_colours =
        std::ranges::all_of(scan.palette, [&](const auto& entry) { return label_of.contains(entry.second); });
    by_colour_ = std::move(by_colour);
    by_index_ = std::move(by_index);
    by_palette_ = palettes_are_colours ? by_colour_ : by_index_;
  }

  const Coding& coding_of(const ImageInfo& mask) const {
    if (coding_ != CvatMaskCoding::automatic)
      return coding_ == CvatMaskCoding::colour ? by_colour_ : by_index_;
    if (mask.channels >= 3) return by_colour_;
    return mask.palette ? by_palette_ : by_index_;
  }

  std::optional<Item> read(std::size_t number, Look look, std::vector<Finding>& findings) const override {
    const VocEntry& entry = index_.entries[number];
    const Path class_mask = class_mask_of(entry);
    Item item;
    item.id = index_.id_of(entry);
    item.image = index_.file(entry, entry.image, folders_.images);
    item.file_name = item.id + item.image.extension().string();
    if (entry.subset != VocEntry::none && index_.subsets[entry.subset - 1] != kCvatNoSubset)
      item.subset = index_.subsets[entry.subset - 1];
    item.annotated = !class_mask.empty() || entry.in_segmentation;
    item.origin.file = (class_mask.empty() ? item.image : class_mask).string();
    if (item.image.empty() && has_images_)
      findings.push_back({"pair-missing", Severity::error, item.origin,
                          fmt::format("there is no image {}", in_quotes(item.id)),
                          "add the image, or delete the mask"});
    if (!item.annotated && !has_lists_)
      findings.push_back({"unlabelled-item", Severity::error, item.origin,
                          "an image without a mask of its name",
                          "add the mask; without it the image counts as not annotated"});
    try {
      add_masks(item, class_mask, index_.file(entry, entry.object_mask, folders_.object_masks), look,
                findings);
    } catch (const Error& error) {
      findings.push_back(to_finding(error, "unreadable-mask"));
      return std::nullopt;
    }
    if (!check_files(item, look, findings)) return std::nullopt;
    return item;
  }

  /// Throws Error as probe_mask.
  void add_masks(Item& item, const Path& class_mask, const Path& object_mask, Look look,
                 std::vector<Finding>& findings) const {
    if (class_mask.empty()) {
      if (!object_mask.empty())
        findings.push_back({"object-mask-alone", Severity::warning, Place{object_mask.string(), {}, {}},
                            "there is no class mask beside this object mask, so nothing says what its "
                            "objects are; it is left out",
                            "add the class mask, or delete the object mask"});
      return;
    }
    item.semantic = MaskRef{class_mask, by_colour_, std::nullopt, false};
    std::optional<MaskRef> instances;
    if (!object_mask.empty()) instances = MaskRef{object_mask, object_coding(), std::nullopt, false};
    if (look == Look::annotations) {
      item.instances = std::move(instances);
      return;
    }
    const ImageInfo classes = probe_mask(*item.semantic, look);
    item.semantic->coding = coding_of(classes);
    if (!instances) return;
    const ImageInfo objects = probe_mask(*instances, look);
    if (objects.stored == classes.stored)
      item.instances = std::move(instances);
    else
      findings.push_back(
          {"size-differs",
           Severity::error,
           Place{object_mask.string(), {}, {}},
           fmt::format("the object mask has {} pixels, the class mask {}; the object mask is left out",
                       to_string(objects.stored), to_string(classes.stored)),
           {}});
  }

  VocFolders folders_;
  VocIndex index_;
  CvatMaskCoding coding_;
  Path labels_file_;
  int lines_ = 0;  ///< labels that labelmap.txt names: the first ones
  bool has_images_ = false, has_lists_ = false;
  Coding by_index_, by_colour_, by_palette_;
};

}  // namespace

std::unique_ptr<Source> open_cvat_mask(const OpenRequest& request) {
  return std::make_unique<CvatMaskSource>(request.path,
                                          parsed_settings<CvatMaskReadSettings>(request.settings));
}

}  // namespace maskmill
