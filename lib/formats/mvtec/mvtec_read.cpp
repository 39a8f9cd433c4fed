// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <set>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/name_arena.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/mask_files/label_files.h"
#include "formats/mask_files/label_mask_sink.h"
#include "formats/mask_files/pairing.h"
#include "formats/mvtec/mvtec_halves.h"
#include "formats/mvtec/mvtec_layout.h"
#include "image/image.h"

namespace maskmill {
namespace {

/// Names of the pictures directly in a folder, bytewise.
std::vector<std::string> picture_names(const Path& folder) {
  std::vector<std::string> names;
  for_each_file(folder, false, [&](const std::string& name) {
    if (has_image_extension(name)) names.push_back(name);
  });
  std::ranges::sort(names);
  return names;
}

/// The masks of one folder, by what their images are called. Several subsets may share them.
struct Masks {
  std::map<std::string, std::string, std::less<>> by_stem;
  std::set<std::string> used;

  const std::string* find(std::string_view image_stem) {
    for (const std::string_view suffix : {kMvtecSuffix, std::string_view()})
      if (const auto found = by_stem.find(std::string(image_stem) + std::string(suffix));
          found != by_stem.end()) {
        used.insert(found->second);
        return &found->second;
      }
    return nullptr;
  }
};

Label label_named(std::string name, std::int64_t id, Role role = Role::object) {
  Label label;
  label.name = std::move(name);
  label.id = id;
  label.role = role;
  return label;
}

class MvtecSource : public IndexedSource {
 public:
  MvtecSource(const Path& source, const MvtecReadSettings& settings) : folders_(find_mvtec_folders(source)) {
    add_images();
    const bool any_mask =
        std::ranges::any_of(entries_, [](const Entry& entry) { return entry.mask != NameArena::none; });
    if (!any_mask && (entries_.empty() || std::ranges::any_of(folders_, &MvtecFolder::has_defects)))
      throw Error(Code::bad_format,
                  entries_.empty()
                      ? "no folders such as train/good/, or test/scratch/ and ground_truth/scratch/"
                      : "no image of a defect has a mask in ground_truth/")
          .at_file(source);
    name_items();
    const Path file = source / "labels.json";
    std::optional<LabelFile> known;
    if (boost::system::error_code failure; fs::is_regular_file(file, failure)) known = read_label_file(file);
    add_subsets(known);
    find_labels(settings.labels, known, file);
  }

  std::size_t size() const override { return entries_.size(); }

 private:
  /// 12 bytes and those of the names.
  struct Entry {
    NameArena::Number image = NameArena::none, mask = NameArena::none;
    std::uint32_t folder = 0;
  };

  std::string_view stem(const Entry& entry) const { return without_extension(names_[entry.image]); }

  void add_images() {
    std::map<Path, Masks> masks_in;
    for (std::uint32_t number = 0; number < folders_.size(); ++number) {
      const MvtecFolder& folder = folders_[number];
      Masks none, *masks = &none;
      if (!folder.masks.empty()) {
        const auto [found, is_new] = masks_in.try_emplace(folder.masks);
        masks = &found->second;
        if (is_new)
          for (const std::string& name : picture_names(folder.masks)) {
            const auto [first, is_first] = masks->by_stem.emplace(std::string(without_extension(name)), name);
            if (!is_first) report_same_name(folder.masks, name, first->second);
          }
      }
      add_folder(number, *masks);
    }
    for (const auto& [folder, masks] : masks_in)
      for (const auto& [mask_stem, name] : masks.by_stem)
        if (!masks.used.contains(name))
          findings_.add({"pair-missing", Severity::error, Place{(folder / name).string(), {}, {}},
                         "left out: a mask without an image of its name",
                         "add the image, or delete the mask"});
  }

  void add_folder(std::uint32_t number, Masks& masks) {
    const MvtecFolder& folder = folders_[number];
    std::string last_stem, last_name;
    for (const std::string& name : picture_names(folder.images)) {
      const std::string own(without_extension(name));
      if (own == last_stem && !last_name.empty()) {
        report_same_name(folder.images, name, last_name);
        continue;
      }
      last_stem = own, last_name = name;
      Entry entry;
      entry.image = names_.add(name);
      entry.folder = number;
      if (const std::string* mask = masks.find(own)) entry.mask = names_.add(*mask);
      entries_.push_back(entry);
    }
  }

  void report_same_name(const Path& folder, const std::string& name, const std::string& first) {
    findings_.add({"same-name", Severity::error, Place{(folder / name).string(), {}, {}},
                   fmt::format("left out: {} has the same name but for its extension", first),
                   "keep one of the two"});
  }

  /// By their own names where the data set is one category and no two are equal, which MVTec's, counted from
  /// 000 in each folder, are; else all by their folders too.
  void name_items() {
    is_short_ =
        std::ranges::all_of(folders_, [](const MvtecFolder& folder) { return folder.category.empty(); });
    HashIndex index(entries_.size());
    for (std::uint32_t i = 0; i < entries_.size() && is_short_; ++i) {
      const std::string_view own = stem(entries_[i]);
      is_short_ =
          !index.find(hash_of(own), [&](std::uint32_t other) { return stem(entries_[other]) == own; });
      index.add(hash_of(own), i);
    }
    std::ranges::sort(entries_, [&](const Entry& a, const Entry& b) {
      return is_short_ ? stem(a) < stem(b) : id_of(a) < id_of(b);
    });
  }

  std::string id_of(const Entry& entry) const {
    const std::string own(stem(entry));
    return is_short_ ? own : folders_[entry.folder].name() + "/" + own;
  }

  void add_subsets(const std::optional<LabelFile>& known) {
    if (known) metadata_.subsets = known->subsets;
    for (const MvtecFolder& folder : folders_)
      if (std::ranges::find(metadata_.subsets, folder.subset) == metadata_.subsets.end())
        metadata_.subsets.push_back(folder.subset);
  }

  /// Those of labels.json, then those that only have a folder.
  void find_labels(MvtecLabels wanted, const std::optional<LabelFile>& known, const Path& file) {
    std::set<std::string> defects;
    for (const MvtecFolder& folder : folders_)
      if (folder.has_defects()) defects.insert(folder.defect);
    std::vector<Label> labels;
    if (wanted == MvtecLabels::binary) {
      labels = {label_named("background", 0, Role::background), label_named(std::string(kMvtecDefect), 1)};
    } else if (known) {
      labels = known->labels;
      for (const Label& label : labels) defects.erase(label_folder_name(label.name));
      for (const std::string& defect : defects) {
        Label label;
        label.name = defect;
        labels.push_back(std::move(label));
      }
    } else {
      labels.push_back(
          label_named(defects.contains("background") ? "no defect" : "background", 0, Role::background));
      for (const std::string& defect : defects)
        labels.push_back(label_named(defect, static_cast<std::int64_t>(labels.size())));
    }
    try {
      metadata_.labels = with_background(LabelMap(std::move(labels)));
    } catch (Error& error) {
      throw error.at_file(file);
    }
    std::map<std::string, int> label_of;
    for (int i = 0; i < metadata_.labels.size(); ++i)
      label_of.emplace(label_folder_name(metadata_.labels[i].name), i);
    for (const MvtecFolder& folder : folders_) {
      auto coding = std::make_shared<MaskCoding>();
      coding->kind = MaskCoding::Kind::non_zero;
      coding->zero_label = *metadata_.labels.background();
      if (folder.has_defects())
        coding->label =
            label_of.at(wanted == MvtecLabels::binary ? std::string(kMvtecDefect) : folder.defect);
      codings_.push_back(std::move(coding));
    }
  }

  std::optional<Item> read(std::size_t number, Look look, std::vector<Finding>& findings) const override {
    const Entry& entry = entries_[number];
    const MvtecFolder& folder = folders_[entry.folder];
    Item item;
    item.id = id_of(entry);
    item.image = folder.images / std::string(names_[entry.image]);
    item.file_name = item.id + item.image.extension().string();
    item.subset = folder.subset;
    item.origin.file = item.image.string();
    if (!folder.category.empty()) item.attributes.emplace_back("category", folder.category);
    if (!folder.defect.empty()) item.attributes.emplace_back("defect", folder.defect);
    item.annotated = folder.defect == kMvtecGood || entry.mask != NameArena::none;
    if (entry.mask != NameArena::none)
      item.semantic = MaskRef{folder.masks / std::string(names_[entry.mask]), codings_[entry.folder],
                              std::nullopt, false};
    else if (folder.has_defects())
      findings.push_back({"unlabelled-item", Severity::error, item.origin,
                          fmt::format("there is no mask {}{}.png", stem(entry), kMvtecSuffix),
                          "add the mask; without it the image counts as not annotated"});
    if (!check_files(item, look, findings)) return std::nullopt;
    return item;
  }

  std::vector<MvtecFolder> folders_;
  std::vector<std::shared_ptr<const MaskCoding>> codings_;  ///< by folder
  NameArena names_;
  std::vector<Entry> entries_;
  bool is_short_ = false;  ///< the ids have no folders in them
};

}  // namespace

std::unique_ptr<Source> open_mvtec(const OpenRequest& request) {
  return std::make_unique<MvtecSource>(request.path, parsed_settings<MvtecReadSettings>(request.settings));
}

}  // namespace maskmill
