// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/yolo_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/text.h"
#include "formats/mask_files/pairing.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::uint8_t kIdForms = 3;

/// The parts of a path that can be in an id.
std::string plain_parts(const Path& path) {
  std::string name;
  for (const std::string& part : split_text(path.lexically_normal().generic_string(), '/'))
    if (!part.empty() && part != "." && part != "..") name += (name.empty() ? "" : "/") + part;
  return name;
}

/// Names in bytewise order, each with a mark.
class NameSet {
 public:
  explicit NameSet(std::vector<std::string> names) : names_(std::move(names)), taken_(names_.size()) {
    std::ranges::sort(names_);
  }
  bool contains(std::string_view name) const { return find(name) < names_.size(); }
  bool take(std::string_view name) {
    const std::size_t found = find(name);
    if (found < names_.size()) taken_[found] = true;
    return found < names_.size();
  }
  template <class Visit>
  void for_each_left(Visit&& visit) const {
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (!taken_[i]) visit(names_[i]);
  }

 private:
  /// Its place, or the number of names.
  std::size_t find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(
        names_, name, {}, [](const std::string& other) { return std::string_view(other); });
    return found == names_.end() || *found != name ? names_.size()
                                                   : static_cast<std::size_t>(found - names_.begin());
  }

  std::vector<std::string> names_;
  std::vector<bool> taken_;
};

class Indexer {
 public:
  Indexer(const YoloLayout& layout, const YoloReadSettings& settings, Findings& findings)
      : layout_(layout), findings_(findings) {
    index_.root = layout.root;
    if (settings.labels) {
      stated_labels_ =
          Path(*settings.labels).is_absolute() ? Path(*settings.labels) : layout.root / *settings.labels;
      if (!is_folder(stated_labels_))
        throw Error(Code::not_found, "there is no such folder").at_file(stated_labels_).at_field("labels");
    }
  }

  YoloIndex index() && {
    for (const YoloImages& images : layout_.images)
      if (is_new(images)) images.is_list ? add_list(images) : add_folder(images);
    if (index_.entries.empty())
      throw Error(Code::bad_format, "holds no image")
          .at_file(layout_.root)
          .hint("state the folder of the images: --read images=FOLDER");
    tell_apart();
    std::ranges::sort(index_.entries, [&](const YoloEntry& a, const YoloEntry& b) {
      if (a.id_form == 0 && b.id_form == 0) return stem(a) < stem(b);
      return index_.id_of(a) < index_.id_of(b);
    });
    return std::move(index_);
  }

 private:
  std::string_view name(const YoloEntry& entry) const { return index_.names[entry.name]; }
  std::string_view stem(const YoloEntry& entry) const { return without_extension(name(entry)); }

  std::uint32_t folder_number(const std::string& subset, const Path& images, bool is_one) {
    YoloFolder folder{subset, images, images, false};
    if (!stated_labels_.empty()) {
      folder.labels = stated_labels_;
    } else if (!is_one) {
      folder.labels = labels_beside(images);
      folder.follows_images = true;
    }
    index_.folders.push_back(std::move(folder));
    return static_cast<std::uint32_t>(index_.folders.size() - 1);
  }

  /// False where they were listed before: their images stay where they are.
  bool is_new(const YoloImages& images) {
    const auto [same, is_new] = subset_of_path_.emplace(fs::canonical(images.path).string(), images.subset);
    if (!is_new && same->second != images.subset)
      findings_.add({"in-two-subsets", Severity::warning,
                     Place{layout_.described_by.string(), {}, images.subset},
                     fmt::format("{} has the images of {} too: they stay there",
                                 in_quotes(images.path.string()), in_quotes(same->second)),
                     "split the data set: maskmill split"});
    return is_new;
  }

  void add_folder(const YoloImages& images) {
    std::vector<std::string> pictures, texts;
    for_each_file(images.path, true, [&](const std::string& file) {
      if (has_image_extension(file))
        pictures.push_back(file);
      else if (lower_extension(file) == "txt")
        texts.push_back(file.substr(0, file.size() - 4));
    });
    const Path apart = stated_labels_.empty() ? labels_beside(images.path) : stated_labels_;
    NameSet labels(std::move(texts));
    std::ranges::sort(pictures);
    const bool is_one = stated_labels_.empty() && !is_folder(apart) &&
                        (apart.empty() || std::ranges::any_of(pictures, [&](const std::string& picture) {
                           return labels.contains(without_extension(picture));
                         }));
    if (!is_one) {
      std::vector<std::string> apart_texts;
      if (is_folder(apart))
        for_each_file(apart, true, [&](const std::string& file) {
          if (lower_extension(file) == "txt") apart_texts.push_back(file.substr(0, file.size() - 4));
        });
      labels = NameSet(std::move(apart_texts));
    }
    const std::uint32_t number = folder_number(images.subset, images.path, is_one);
    const std::size_t begin = index_.entries.size();
    HashIndex stems(pictures.size());
    for (const std::string& picture : pictures) add_picture(picture, number, begin, stems, labels);
    labels.for_each_left([&](const std::string& left) {
      report_label_file((is_one ? images.path : apart) / (left + ".txt"));
    });
    report_missing(images, begin);
  }

  void add_picture(const std::string& picture, std::uint32_t folder, std::size_t begin, HashIndex& stems,
                   NameSet& labels) {
    const std::string_view own = without_extension(picture);
    const auto known = stems.find(
        hash_of(own), [&](std::uint32_t other) { return stem(index_.entries[begin + other]) == own; });
    if (known) {
      findings_.add(
          {"same-name", Severity::warning, Place{(index_.folders[folder].images / picture).string(), {}, {}},
           fmt::format("left out: {} has the same name but for its extension, and so the same label file",
                       in_quotes(name(index_.entries[begin + *known]))),
           "rename or remove one of the two"});
      return;
    }
    stems.add(hash_of(own), static_cast<std::uint32_t>(index_.entries.size() - begin));
    YoloEntry entry{index_.names.add(picture), folder, 0, false};
    const bool goes_elsewhere =
        index_.folders[folder].follows_images && ("/" + picture).find("/images/") != std::string::npos;
    entry.has_labels = goes_elsewhere ? is_file(index_.labels_of(entry)) : labels.take(own);
    index_.entries.push_back(entry);
  }

  void report_label_file(const Path& file) {
    std::optional<bool> is_row;
    try {
      is_row = begins_with_row(read_file(file));
    } catch (const Error&) {
      is_row = true;
    }
    if (is_row != true) return;  // classes.txt, a read-me
    findings_.add({"unknown-image", Severity::error, Place{file.string(), {}, {}},
                   "a label file without an image of its name: left out",
                   "add the image, or delete the file"});
  }

  void report_missing(const YoloImages& images, std::size_t begin) {
    const auto without =
        std::ranges::count_if(index_.entries.begin() + static_cast<std::ptrdiff_t>(begin),
                              index_.entries.end(), [](const YoloEntry& entry) { return !entry.has_labels; });
    // A subset without any label file, such as a test set, is legal.
    if (without == 0 || static_cast<std::size_t>(without) == index_.entries.size() - begin) return;
    findings_.add(
        {"label-file-missing", Severity::note, Place{images.path.string(), {}, {}},
         fmt::format("{} without a label file: not annotated here; for Ultralytics an image without "
                     "an object",
                     counted(static_cast<std::size_t>(without), "image")),
         "if there is nothing to see in them: --read missing=background"});
  }

  void add_list(const YoloImages& images) {
    const Path& list = images.path;
    const std::string text = read_file(list);
    std::map<std::string, std::uint32_t> folders;
    const std::size_t begin = index_.entries.size();
    std::size_t line_number = 0;
    for (const std::string_view line : lines_of(text)) {
      ++line_number;
      const std::string path(trimmed(line));
      if (path.empty()) continue;
      const Place place{list.string(), line_number, {}};
      const Path image = resolved_path(path, folder_above(list), layout_.root);
      if (image.empty() || !is_file(image) || !has_image_extension(image)) {
        findings_.add({"listed-absent", Severity::error, place,
                       fmt::format("there is no image {}", in_quotes(path)), "add it, or delete the line"});
        continue;
      }
      add_listed(image, images.subset, folders, place);
    }
    report_missing(images, begin);
  }

  void add_listed(const Path& image, const std::string& subset, std::map<std::string, std::uint32_t>& folders,
                  const Place& place) {
    const std::string whole = image.generic_string();
    const auto known = listed_.find(hash_of(whole), [&](std::uint32_t other) {
      return index_.image_of(index_.entries[other]).generic_string() == whole;
    });
    if (known) {
      const std::string& first = index_.folders[index_.entries[*known].folder].subset;
      findings_.add({first == subset ? "listed-twice" : "in-two-subsets",
                     first == subset ? Severity::note : Severity::warning, place,
                     first == subset
                         ? fmt::format("{} was listed before", in_quotes(whole))
                         : fmt::format("{} is in {} too: it stays there", in_quotes(whole), in_quotes(first)),
                     "list it once"});
      return;
    }
    const auto [folder, file] = split_listed(whole);
    auto number = folders.find(folder);
    if (number == folders.end()) {
      const bool is_one = ("/" + whole).rfind("/images/") == std::string::npos;
      number = folders.emplace(folder, folder_number(subset, folder, is_one)).first;
    }
    YoloEntry entry{index_.names.add(file), number->second, 0, false};
    entry.has_labels = is_file(index_.labels_of(entry));
    listed_.add(hash_of(whole), static_cast<std::uint32_t>(index_.entries.size()));
    index_.entries.push_back(entry);
  }

  /// The folder "images" of a path, else the first folder below the data set; and the rest.
  std::pair<std::string, std::string> split_listed(const std::string& whole) const {
    constexpr std::string_view images = "/images/";
    std::size_t end = whole.rfind(images);
    if (end != std::string::npos)
      return {whole.substr(0, end + images.size() - 1), whole.substr(end + images.size())};
    const std::string root = layout_.root.lexically_normal().generic_string() + "/";
    if (whole.starts_with(root)) end = whole.find('/', root.size());
    if (end == std::string::npos) end = whole.rfind('/');
    return {whole.substr(0, end), whole.substr(end + 1)};
  }

  /// Takes longer ids for images that have one in common, until none have.
  void tell_apart() {
    for (std::uint8_t form = 1; form <= kIdForms; ++form) {
      HashIndex ids(index_.entries.size());
      std::vector<bool> is_shared(index_.entries.size());
      bool any = false;
      for (std::uint32_t i = 0; i < index_.entries.size(); ++i) {
        const std::string own = index_.id_of(index_.entries[i]);
        const auto known = ids.find(
            hash_of(own), [&](std::uint32_t other) { return index_.id_of(index_.entries[other]) == own; });
        if (!known) ids.add(hash_of(own), i);
        if (known) is_shared[i] = is_shared[*known] = any = true;
      }
      if (!any) return;
      if (form == kIdForms) return leave_out_shared();
      for (std::size_t i = 0; i < is_shared.size(); ++i)
        if (is_shared[i]) index_.entries[i].id_form = form;
    }
  }

  void leave_out_shared() {
    HashIndex ids(index_.entries.size());
    std::vector<YoloEntry> kept;
    for (const YoloEntry& entry : index_.entries) {
      const std::string own = index_.id_of(entry);
      if (ids.find(hash_of(own), [&](std::uint32_t other) { return index_.id_of(kept[other]) == own; })) {
        findings_.add({"same-name", Severity::warning, Place{index_.image_of(entry).string(), {}, {}},
                       fmt::format("left out: another image has the id {} too", in_quotes(own)),
                       "rename one of the two"});
        continue;
      }
      ids.add(hash_of(own), static_cast<std::uint32_t>(kept.size()));
      kept.push_back(entry);
    }
    index_.entries = std::move(kept);
  }

  const YoloLayout& layout_;
  Findings& findings_;
  Path stated_labels_;
  YoloIndex index_;
  HashIndex listed_;
  std::map<std::string, std::string> subset_of_path_;
};

}  // namespace

Path YoloIndex::image_of(const YoloEntry& entry) const {
  return folders[entry.folder].images / std::string(names[entry.name]);
}

Path YoloIndex::labels_of(const YoloEntry& entry) const {
  const YoloFolder& folder = folders[entry.folder];
  const std::string file = "/" + std::string(without_extension(names[entry.name])) + ".txt";
  constexpr std::string_view from = "/images/", to = "/labels/";
  if (const std::size_t at = file.rfind(from); folder.follows_images && at != std::string::npos)
    return folder.images.string() + std::string(file).replace(at, from.size(), to);
  return folder.labels.string() + file;
}

std::string YoloIndex::id_of(const YoloEntry& entry) const {
  const YoloFolder& folder = folders[entry.folder];
  const std::string stem(without_extension(names[entry.name]));
  if (entry.id_form == 0) return stem;
  if (entry.id_form == 1 && !folder.subset.empty()) return folder.subset + "/" + stem;
  return plain_parts(Path(relative_name(folder.images, root)) / stem);
}

YoloIndex index_yolo(const YoloLayout& layout, const YoloReadSettings& settings, Findings& findings) {
  return Indexer(layout, settings, findings).index();
}

}  // namespace maskmill
