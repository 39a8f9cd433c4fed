// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/label_mask_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/mask_files/label_mask_sink.h"
#include "formats/mask_files/pairing.h"

namespace maskmill {
namespace {

/// A mask's name by its image's: the stem without its last `cut` characters, and `tail`. A data set has few.
struct MaskName {
  std::size_t cut;
  std::string tail;
  friend bool operator==(const MaskName&, const MaskName&) = default;
};

MaskName name_by(std::string_view stem, std::string_view mask) {
  const auto differ = std::mismatch(stem.begin(), stem.end(), mask.begin(), mask.end());
  return {static_cast<std::size_t>(stem.end() - differ.first), std::string(differ.second, mask.end())};
}

std::vector<std::string> folder_names(const std::vector<LabelFolders>& folders) {
  std::set<std::string> names;
  for (const LabelFolders& part : folders)
    for (const auto& [name, masks] : part.masks) names.insert(name);
  return {names.begin(), names.end()};
}

/// Those of the label file, then those that only have a folder.
LabelFile all_labels(std::optional<LabelFile> known, const std::vector<LabelFolders>& folders) {
  LabelFile file = known.value_or(LabelFile{});
  std::set<std::string> named;
  for (const Label& label : file.labels) named.insert(label_folder_name(label.name));
  for (const std::string& name : folder_names(folders)) {
    if (named.contains(name)) continue;
    Label label;
    label.name = name;
    file.labels.push_back(std::move(label));
    file.values.push_back(static_cast<int>(file.values.size()));
  }
  return file;
}

class LabelMaskSource : public IndexedSource {
 public:
  LabelMaskSource(std::vector<LabelFolders> folders, const LabelFile& file, Findings findings)
      : folders_(std::move(folders)) {
    findings_ = std::move(findings);
    metadata_.labels = LabelMap(file.labels);
    metadata_.subsets = file.subsets;
    for (const LabelFolders& part : folders_) {
      pair_folders_.push_back({part.subset, part.images, {}});
      if (!part.subset.empty() &&
          std::ranges::find(metadata_.subsets, part.subset) == metadata_.subsets.end())
        metadata_.subsets.push_back(part.subset);
    }
    for (int label = 0; label < metadata_.labels.size(); ++label) {
      if (!has_folder(label)) continue;
      auto coding = std::make_shared<MaskCoding>();
      coding->kind = MaskCoding::Kind::non_zero;
      coding->label = label;
      columns_.push_back({label, std::move(coding)});
    }
    for (std::size_t column = 0; column < columns_.size(); ++column) add_masks(column);
    for (std::size_t i = 0; i < masks_.size(); ++i)
      if (masks_[i] != 0) labelled_subsets_.insert(folders_[images_[i / columns_.size()].folders].subset);
  }

  std::size_t size() const override { return images_.size(); }
  bool any_mask() const {
    return std::ranges::any_of(masks_, [](std::uint16_t name) { return name != 0; });
  }

 private:
  /// A label that has a folder of masks.
  struct Column {
    int label;
    std::shared_ptr<const MaskCoding> coding;
  };

  bool has_folder(int label) const {
    for (std::size_t part = 0; part < folders_.size(); ++part)
      if (folder_of(label, part)) return true;
    return false;
  }
  const Path* folder_of(int label, std::size_t part) const {
    const auto& masks = folders_[part].masks;
    const auto found = masks.find(label_folder_name(metadata_.labels[label].name));
    return found == masks.end() ? nullptr : &found->second;
  }

  /// Looks for each image's mask of a label; the first column also finds the images.
  void add_masks(std::size_t column) {
    const int label = columns_[column].label;
    std::vector<PairFolders> folders = pair_folders_;
    for (std::size_t part = 0; part < folders.size(); ++part)
      if (const Path* masks = folder_of(label, part)) folders[part].masks = *masks;
    note_missing_folders(label);

    Findings findings;
    const FilePairs pairs = pair_files(folders, {}, findings);
    // What is wrong with the images themselves is found with each label, and said once.
    findings.for_each([&](const Finding& finding) {
      if (column == 0 || !is_of_images(finding.place.file)) findings_.add(finding);
    });
    if (column == 0) set_images(pairs);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const FilePair pair = pairs[i];
      if (pair.mask.empty()) continue;
      if (const auto number = number_of(pair))
        masks_[*number * columns_.size() + column] =
            number_of_name(name_by(without_extension(pair.image), pair.mask));
    }
  }

  void set_images(const FilePairs& pairs) {
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      FilePair image = pairs[i];
      image.mask.clear();
      images_.push_back(image);
    }
    masks_.assign(images_.size() * columns_.size(), 0);
  }

  void note_missing_folders(int label) {
    const std::string& name = metadata_.labels[label].name;
    if (metadata_.labels.is_ignored(label)) return;
    for (std::size_t part = 0; part < folders_.size(); ++part)
      if (!folder_of(label, part) && !folders_[part].masks.empty())
        findings_.add(
            {"label-mask-missing", Severity::warning,
             Place{folders_[part].images.parent_path().string(), {}, {}},
             fmt::format("there is no folder of masks of the label {}: its images count as without it",
                         in_quotes(name)),
             "add the folder, or leave the label out"});
  }

  bool is_of_images(const std::string& file) const {
    return std::ranges::any_of(folders_, [&](const LabelFolders& part) {
      return relative_name(file, part.images) != Path(file).lexically_normal().generic_string();
    });
  }

  /// Both lists are in the order of their ids.
  std::optional<std::size_t> number_of(const FilePair& pair) const {
    const std::string id = id_of(pair, pair_folders_);
    const auto is_before = [&](std::size_t number) {
      const FilePair image = images_[number];
      const int order = id_of(image, pair_folders_).compare(id);
      return order != 0 ? order < 0 : image.folders < pair.folders;
    };
    std::size_t first = 0, count = images_.size();
    while (count > 0) {
      const std::size_t half = count / 2;
      const bool right = is_before(first + half);
      if (right) first += half + 1;
      count = right ? count - half - 1 : half;
    }
    if (first == images_.size()) return std::nullopt;
    const FilePair image = images_[first];
    return image.image == pair.image && image.folders == pair.folders ? std::optional(first) : std::nullopt;
  }

  std::uint16_t number_of_name(const MaskName& name) {
    const auto known = std::ranges::find(names_, name);
    if (known == names_.end()) {
      if (names_.size() == 65534)
        throw Error(Code::unsupported, "masks are named after their images in more than 65,534 ways");
      names_.push_back(name);
      return static_cast<std::uint16_t>(names_.size());
    }
    return static_cast<std::uint16_t>(known - names_.begin() + 1);
  }

  Path mask_file(std::size_t index, std::size_t column) const {
    const std::uint16_t number = masks_[index * columns_.size() + column];
    if (number == 0) return {};
    const FilePair image = images_[index];
    const MaskName& name = names_[number - 1u];
    const std::string_view stem = without_extension(image.image);
    return *folder_of(columns_[column].label, image.folders) /
           (std::string(stem.substr(0, stem.size() - name.cut)) + name.tail);
  }

  std::optional<Item> read(std::size_t index, Look look, std::vector<Finding>& findings) const override {
    const FilePair image = images_[index];
    const LabelFolders& part = folders_[image.folders];
    Item item;
    item.id = id_of(image, pair_folders_);
    item.image = part.images / image.image;
    item.file_name = item.id + item.image.extension().string();
    item.subset = part.subset;
    item.origin = {item.image.string(), {}, {}};
    std::vector<std::string> missing;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      const auto& [label, coding] = columns_[column];
      const Path file = mask_file(index, column);
      if (!file.empty()) {
        Annotation annotation;
        annotation.label = label;
        annotation.shape = MaskRef{file, coding, std::nullopt, false};
        annotation.origin = {file.string(), {}, {}};
        item.annotations.push_back(std::move(annotation));
      } else if (folder_of(label, image.folders) && !metadata_.labels.is_ignored(label)) {
        missing.push_back(in_quotes(metadata_.labels[label].name));
      }
    }
    item.annotated = !item.annotations.empty();
    if (!item.annotated && labelled_subsets_.contains(part.subset))
      findings.push_back({"unlabelled-item", Severity::error, item.origin,
                          "an image without a mask of its name",
                          "add the masks; without them the image counts as not annotated"});
    else if (item.annotated && !missing.empty())
      findings.push_back(
          {"label-mask-missing", Severity::warning, item.origin,
           fmt::format("no mask of the label {}: it counts as not there", joined(missing, ", ")),
           "add an empty mask where the image has none of the label"});
    if (!check_files(item, look, findings)) return std::nullopt;
    return item;
  }

  std::vector<LabelFolders> folders_;
  std::vector<PairFolders> pair_folders_;   ///< without masks
  FilePairs images_;                        ///< without masks
  std::set<std::string> labelled_subsets_;  ///< a subset without any mask is legal
  std::vector<Column> columns_;
  std::vector<MaskName> names_;
  std::vector<std::uint16_t> masks_;  ///< by image and column: 0 none, else a number in names_ from 1
};

std::vector<Path> folders_of_pictures(const Path& folder) {
  std::vector<Path> found;
  for (const Path& inside : list_folders(folder))
    if (holds_image(inside, true)) found.push_back(inside);
  return found;
}

/// masks/LABEL/: a folder with nothing but one for each label. One whose folders the images have as well is a
/// label's itself.
bool holds_labels(const Path& folder, const Path& images) {
  if (holds_image(folder, false)) return false;
  return std::ranges::none_of(folders_of_pictures(folder), [&](const Path& inside) {
    boost::system::error_code failure;
    return fs::is_directory(images / inside.filename(), failure);
  });
}

}  // namespace

LabelFolders label_folders_beside(const Path& images, std::string subset, std::span<const std::string> only) {
  std::vector<Path> beside = folders_of_pictures(images.parent_path());
  std::erase_if(beside, [&](const Path& folder) { return folder.filename() == images.filename(); });
  if (beside.size() == 1 && holds_labels(beside.front(), images))
    beside = folders_of_pictures(beside.front());
  LabelFolders folders{std::move(subset), images, {}};
  for (const Path& folder : beside)
    if (const std::string name = folder.filename().string();
        only.empty() || std::ranges::find(only, name) != only.end())
      folders.masks.emplace(name, folder);
  return folders;
}

bool has_label_masks(const LabelFolders& folders) {
  const auto has_mask = [&](const auto& label) {
    const auto sample = sample_mask({folders.subset, folders.images, label.second});
    if (!sample) return false;
    try {
      const ImageInfo info = probe_image(*sample);
      return info.kind != FileKind::jpeg && info.channels == 1 && info.bit_depth <= 8;
    } catch (const Error&) {
      return false;
    }
  };
  return !folders.masks.empty() && std::ranges::all_of(folders.masks, has_mask);
}

std::unique_ptr<Source> make_label_mask_source(const Path& source, std::vector<LabelFolders> folders,
                                               const std::vector<Path>& label_file_folders,
                                               const LabelMaskSettings& settings, Findings findings) {
  LabelFile file = all_labels(find_label_file(source, label_file_folders, settings), folders);
  give_roles(file, PixelCoding::binary, settings);
  auto made = std::make_unique<LabelMaskSource>(std::move(folders), file, std::move(findings));
  if (!made->any_mask()) throw Error(Code::bad_format, "no image has a mask of its name").at_file(source);
  return made;
}

}  // namespace maskmill
