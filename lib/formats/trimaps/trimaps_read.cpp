// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <deque>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/name_arena.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/mask_files/pairing.h"
#include "formats/trimaps/lists.h"
#include "formats/trimaps/trimaps.h"
#include "formats/trimaps/trimaps_halves.h"

namespace maskmill {
namespace {

Finding finding_at(Place place, std::string rule, Severity severity, std::string message,
                   std::string fix = {}) {
  return {std::move(rule), severity, std::move(place), std::move(message), std::move(fix)};
}

/// The pictures below a folder by their relative name without extension.
class PicturesByStem {
 public:
  PicturesByStem(const Path& folder, Findings& findings) {
    if (folder.empty()) return;
    for_each_file(folder, true, [&](const std::string& name) { files_.push_back(names_.add(name)); });
    std::ranges::sort(files_, {}, [&](NameArena::Number file) { return names_[file]; });
    index_ = HashIndex(files_.size());
    std::erase_if(files_, [&](NameArena::Number file) { return !add(folder, file, findings); });
  }

  /// None where there is no such picture.
  NameArena::Number find(std::string_view stem) const {
    return index_.find(hash_of(stem), [&](NameArena::Number file) { return stem_of(file) == stem; })
        .value_or(NameArena::none);
  }
  std::string name(NameArena::Number file) const { return std::string(names_[file]); }
  std::string_view stem_of(NameArena::Number file) const { return without_extension(names_[file]); }
  /// In the order of their names.
  const std::vector<NameArena::Number>& files() const { return files_; }
  /// Keeps the names alone.
  void forget_files() { files_ = {}, index_ = HashIndex(); }

 private:
  bool add(const Path& folder, NameArena::Number file, Findings& findings) {
    const Path path = folder / name(file);
    if (!has_image_extension(path)) {
      findings.add(finding_at({path.string(), {}, {}}, "not-an-image", Severity::note,
                              "left out: no image by its name"));
      return false;
    }
    if (const NameArena::Number same = find(stem_of(file)); same != NameArena::none) {
      findings.add(finding_at(
          {path.string(), {}, {}}, "same-name", Severity::warning,
          fmt::format("left out: {} has the same name but for its extension", in_quotes(name(same))),
          "keep one of the two"));
      return false;
    }
    index_.add(hash_of(stem_of(file)), file);
    return true;
  }

  NameArena names_;
  std::vector<NameArena::Number> files_;
  HashIndex index_;
};

/// macOS leaves these beside files that it copies to other file systems; some readers take them for images.
void report_apple_doubles(const Path& folder, Findings& findings) {
  std::vector<std::string> names;
  boost::system::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
    if (entry->path().filename().string().starts_with("._")) names.push_back(entry->path().string());
  std::ranges::sort(names);
  for (std::string& name : names)
    findings.add(finding_at({std::move(name), {}, {}}, "apple-double", Severity::note,
                            "left out: macOS's notes on another file, without content of its own",
                            "delete it"));
}

constexpr std::array<std::string_view, 4> kUsualLists{"train", "trainval", "val", "test"};

/// Text files beside list.txt, those that are usual first.
std::vector<Path> other_lists(const Path& folder) {
  const auto rank = [](const Path& file) {
    return std::ranges::find(kUsualLists, file.stem().string()) - kUsualLists.begin();
  };
  std::vector<Path> lists;
  for (const Path& file : list_files(folder, false))
    if (file.extension() == ".txt" && file.filename() != "list.txt") lists.push_back(file);
  std::ranges::stable_sort(lists, {}, rank);
  return lists;
}

/// By its usual name, else by its first entry: a README, or a file of labels or of requirements, may lie
/// there too.
bool is_list(const Path& file, const std::function<bool(const std::string&)>& is_image) {
  if (std::ranges::find(kUsualLists, file.stem().string()) != kUsualLists.end()) return true;
  const std::string text = read_file(file);
  for (const std::string_view line : lines_of(text)) try {
      if (const auto entry = parse_list_line(line)) return is_image(entry->name);
    } catch (const Error&) {
      return false;
    }
  return false;
}

/// What else is wrong with a file that is left out anyway.
std::string other_trouble(const Path& file) {
  Item item;
  item.image = file;
  std::vector<Finding> problems;
  check_files(item, Look::headers, problems);
  return problems.empty() ? std::string() : "; besides, " + problems.front().message;
}

/// A line of the lists, and the files it has: 36 bytes, since there may be many.
struct Listed {
  NameArena::Number name = NameArena::none;
  int class_id = 0, species = 0, breed_id = 0;
  int subset = -1;
  int list = -1;  ///< the file that lists it; -1: none does
  std::uint32_t line = 0;
  NameArena::Number image = NameArena::none, trimap = NameArena::none;
};

class TrimapsSource : public IndexedSource {
 public:
  TrimapsSource(const Path& source, const TrimapReadSettings& settings) {
    const auto folders = find_trimap_folders(source);
    if (!folders) throw no_folders(source);
    folders_ = *folders;
    metadata_.labels = trimap_labels(settings.border == TrimapBorder::ignore ? Role::ignore : Role::object);
    MaskCoding coding;
    for (int i = 0; i < metadata_.labels.size(); ++i) coding.values.emplace_back(*metadata_.labels[i].id, i);
    coding_ = std::make_shared<const MaskCoding>(std::move(coding));

    for (const Path& folder : std::set{source, folders_.lists, folders_.images, folders_.trimaps})
      if (!folder.empty()) report_apple_doubles(folder, findings_);
    boost::system::error_code ignored;
    if (const Path copy = source / "trimaps"; copy != folders_.trimaps && fs::is_directory(copy, ignored))
      findings_.add(finding_at({copy.string(), {}, {}}, "second-trimaps", Severity::note,
                               "not read: annotations/trimaps/ is there too"));
    images_.emplace(folders_.images, findings_);
    trimaps_.emplace(folders_.trimaps, findings_);
    read_lists(folders_.images.empty() ? *trimaps_ : *images_);
    if (lists_.empty()) list_all();
    match();
    if (items_.empty())
      throw Error(Code::bad_format,
                  lists_.empty() ? "images/ holds no image" : "the lists name no image that images/ holds")
          .at_file(source);
  }

  std::size_t size() const override { return items_.size(); }

 private:
  static Error no_folders(const Path& source) {
    list_folders(source);  // says what is wrong with the source itself
    return Error(Code::bad_format,
                 "no trimaps: a folder images/ and annotations/trimaps/ or trimaps/ are needed")
        .at_file(source);
  }

  void read_lists(const PicturesByStem& images) {
    const Path list = folders_.lists / "list.txt";
    const bool is_complete = fs::is_regular_file(list);
    if (is_complete)
      read_list(list, [&](const TrimapEntry& entry, int number, std::uint32_t line) {
        if (!add(entry, number, line))
          findings_.add(finding_at(place_in_list(number, line, entry.name), "listed-twice", Severity::warning,
                                   "listed a second time; the first line holds", "delete one of the lines"));
      });
    const auto is_image = [&](const std::string& name) {
      return images.find(name) != NameArena::none || number_of(name);
    };
    for (const Path& file : other_lists(folders_.lists)) {
      if (!is_list(file, is_image)) {
        findings_.add(finding_at({file.string(), {}, {}}, "not-a-list", Severity::note,
                                 "it does not begin with an image's name; taken for no list of a subset"));
        continue;
      }
      const int subset = static_cast<int>(metadata_.subsets.size());
      metadata_.subsets.push_back(file.stem().string());
      read_list(file, [&](const TrimapEntry& entry, int number, std::uint32_t line) {
        if (!is_complete) add(entry, number, line);
        put_into_subset(entry.name, subset, place_in_list(number, line, entry.name));
      });
    }
  }

  /// Calls use(entry, the list's number, line) for each entry; lines that are none are findings.
  void read_list(const Path& file, auto&& use) {
    const int number = static_cast<int>(lists_.size());
    lists_.push_back(file.string());
    const std::string text = read_file(file);
    std::uint32_t line_number = 0;
    for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
      end = std::min(text.find('\n', begin), text.size() - 1) + 1;
      const auto lines = lines_of(std::string_view(text).substr(begin, end - begin));
      const std::string_view line =
          lines.empty() ? std::string_view() : lines.front();  // a lone byte order mark
      ++line_number;
      try {
        if (const auto entry = parse_list_line(line)) use(*entry, number, line_number);
      } catch (Error& error) {
        findings_.add(to_finding(error.at_file(file).at_line(line_number), "unreadable-list-line"));
      }
    }
  }

  std::optional<std::uint32_t> number_of(std::string_view name) const {
    return by_name_.find(hash_of(name),
                         [&](std::uint32_t number) { return names_[items_[number].name] == name; });
  }

  bool add(const TrimapEntry& entry, int list, std::uint32_t line) {
    if (number_of(entry.name)) return false;
    by_name_.add(hash_of(entry.name), static_cast<std::uint32_t>(items_.size()));
    items_.push_back({.name = names_.add(entry.name),
                      .class_id = entry.class_id,
                      .species = entry.species,
                      .breed_id = entry.breed_id,
                      .list = list,
                      .line = line});
    return true;
  }

  void put_into_subset(const std::string& name, int subset, Place place) {
    const auto found = number_of(name);
    if (!found) {
      findings_.add(finding_at(std::move(place), "not-listed", Severity::warning,
                               "left out: list.txt does not name it", "add it to list.txt"));
      return;
    }
    int& of_item = items_[*found].subset;
    if (of_item < 0) of_item = subset;
    if (of_item != subset)
      findings_.add(finding_at(std::move(place), "in-two-subsets", Severity::error,
                               fmt::format("in {} and in {}; it stays in the first",
                                           metadata_.subsets[static_cast<std::size_t>(of_item)],
                                           metadata_.subsets[static_cast<std::size_t>(subset)]),
                               "delete it from one of the lists"));
  }

  void list_all() {
    std::vector<NameArena::Number> files = images_->files();
    std::ranges::sort(files, {}, [&](NameArena::Number file) { return images_->stem_of(file); });
    for (const NameArena::Number file : files) add(TrimapEntry{std::string(images_->stem_of(file))}, -1, 0);
  }

  /// Gives the items their files, and leaves out items without an image and files that no item has.
  void match() {
    for (Listed& item : items_) {
      item.image = images_->find(names_[item.name]);
      item.trimap = trimaps_->find(names_[item.name]);
      if (item.trimap != NameArena::none) labelled_subsets_.insert(item.subset);
      if (lacks_image(item))
        findings_.add(finding_at(place_of(item), "pair-missing", Severity::error,
                                 "left out: its image is not in images/",
                                 "add the image, or delete the line"));
    }
    report_left_over(*images_, folders_.images, "image");
    report_left_over(*trimaps_, folders_.trimaps, "trimap");
    std::erase_if(items_, [&](const Listed& item) { return lacks_image(item); });
    by_name_ = HashIndex();
    images_->forget_files();
    trimaps_->forget_files();
  }

  bool lacks_image(const Listed& item) const {
    return item.image == NameArena::none && !folders_.images.empty();
  }

  void report_left_over(const PicturesByStem& files, const Path& folder, std::string_view what) {
    for (const NameArena::Number number : files.files()) {
      if (number_of(files.stem_of(number))) continue;
      const Path file = folder / files.name(number);
      findings_.add(lists_.empty() ? finding_at({file.string(), {}, {}}, "pair-missing", Severity::error,
                                                "left out: a trimap without an image of its name",
                                                "add the image, or delete the trimap")
                                   : finding_at({file.string(), {}, {}}, "not-listed", Severity::warning,
                                                fmt::format("left out: no list names this {}{}", what,
                                                            other_trouble(file)),
                                                "add it to the list, or delete it"));
    }
  }

  Place place_in_list(int list, std::size_t line, const std::string& name) const {
    return {lists_[static_cast<std::size_t>(list)], line, name};
  }
  /// The place of a line, or of the image.
  Place place_of(const Listed& item) const {
    if (item.list >= 0) return place_in_list(item.list, item.line, std::string(names_[item.name]));
    return {(folders_.images / images_->name(item.image)).string(), {}, {}};
  }

  std::optional<Item> read(std::size_t index, Look look, std::vector<Finding>& findings) const override {
    const Listed& listed = items_[index];
    Item item;
    item.id = names_[listed.name];
    item.file_name = images_->name(listed.image);
    if (!item.file_name.empty()) item.image = folders_.images / item.file_name;
    if (listed.subset >= 0) item.subset = metadata_.subsets[static_cast<std::size_t>(listed.subset)];
    item.attributes = attributes_of({item.id, listed.class_id, listed.species, listed.breed_id});
    item.origin = place_of(listed);
    item.annotated = listed.trimap != NameArena::none;
    if (item.annotated)
      item.semantic = MaskRef{folders_.trimaps / trimaps_->name(listed.trimap), coding_, std::nullopt, false};
    else if (labelled_subsets_.contains(listed.subset))
      findings.push_back(finding_at(item.origin, "unlabelled-item", Severity::error,
                                    "an image without a trimap of its name",
                                    "add the trimap; without it the image counts as not annotated"));
    if (!check_files(item, look, findings)) return std::nullopt;
    return item;
  }

  TrimapFolders folders_;
  std::shared_ptr<const MaskCoding> coding_;
  std::vector<std::string> lists_;
  std::optional<PicturesByStem> images_, trimaps_;
  NameArena names_;
  std::deque<Listed> items_;        // which grows without a copy
  HashIndex by_name_;               ///< of the items, until they have their files
  std::set<int> labelled_subsets_;  ///< a subset without any trimap is legal
};

}  // namespace

std::optional<TrimapFolders> find_trimap_folders(const Path& source) {
  const Path images = source / "images", annotations = source / "annotations";
  boost::system::error_code failure;
  if (!fs::is_directory(images, failure)) {
    const bool is_ours = fs::is_directory(annotations / "trimaps", failure) &&
                         fs::is_regular_file(annotations / "list.txt", failure);
    return is_ours ? std::optional(TrimapFolders{{}, annotations / "trimaps", annotations}) : std::nullopt;
  }
  const Path lists = fs::is_directory(annotations, failure) ? annotations : source;
  for (const Path& trimaps : {annotations / "trimaps", source / "trimaps"})
    if (fs::is_directory(trimaps, failure)) return TrimapFolders{images, trimaps, lists};
  return std::nullopt;
}

std::unique_ptr<Source> open_trimaps(const OpenRequest& request) {
  return std::make_unique<TrimapsSource>(request.path, parsed_settings<TrimapReadSettings>(request.settings));
}

}  // namespace maskmill
