// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <functional>
#include <set>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/trimaps/lists.h"
#include "formats/trimaps/trimaps.h"
#include "formats/trimaps/trimaps_halves.h"

namespace maskmill {
namespace {

Finding finding_at(Place place, std::string rule, Severity severity, std::string message,
                   std::string fix = {}) {
  return {std::move(rule), severity, std::move(place), std::move(message), std::move(fix)};
}

/// Files by their relative name without extension.
using FilesByStem = std::unordered_map<std::string, std::string>;

FilesByStem index_files(const Path& folder, Findings& findings) {
  FilesByStem files;
  for (const Path& file : list_files(folder)) {
    const std::string name = relative_name(file, folder);
    if (!has_image_extension(file)) {
      findings.add(finding_at({file.string(), {}, {}}, "not-an-image", Severity::note,
                              "left out: no image by its name"));
      continue;
    }
    const auto [entry, is_new] = files.try_emplace(Path(name).replace_extension().string(), name);
    if (!is_new)
      findings.add(finding_at(
          {file.string(), {}, {}}, "same-name", Severity::warning,
          fmt::format("left out: {} has the same name but for its extension", in_quotes(entry->second)),
          "keep one of the two"));
  }
  return files;
}

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
  check_headers(item, problems);
  return problems.empty() ? std::string() : "; besides, " + problems.front().message;
}

struct Listed {
  TrimapEntry entry;
  int subset = -1;
  int list = -1;  ///< the file that lists it; -1: none does
  std::size_t line = 0;
  std::string image, trimap;  ///< relative to their folders
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
    FilesByStem trimaps = index_files(folders_.trimaps, findings_);
    FilesByStem images = folders_.images.empty() ? FilesByStem() : index_files(folders_.images, findings_);
    read_lists(folders_.images.empty() ? trimaps : images);
    if (lists_.empty()) list_all(images);
    match(images, trimaps);
    report_left_over(images, folders_.images, "image");
    report_left_over(trimaps, folders_.trimaps, "trimap");
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

  void read_lists(const FilesByStem& images) {
    const Path list = folders_.lists / "list.txt";
    const bool is_complete = fs::is_regular_file(list);
    if (is_complete)
      read_list(list, [&](TrimapEntry entry, int number, std::size_t line) {
        const std::string name = entry.name;
        if (!add(std::move(entry), number, line))
          findings_.add(finding_at(place_in_list(number, line, name), "listed-twice", Severity::warning,
                                   "listed a second time; the first line holds", "delete one of the lines"));
      });
    const auto is_image = [&](const std::string& name) {
      return images.contains(name) || number_of_.contains(name);
    };
    for (const Path& file : other_lists(folders_.lists)) {
      if (!is_list(file, is_image)) {
        findings_.add(finding_at({file.string(), {}, {}}, "not-a-list", Severity::note,
                                 "it does not begin with an image's name; taken for no list of a subset"));
        continue;
      }
      const int subset = static_cast<int>(metadata_.subsets.size());
      metadata_.subsets.push_back(file.stem().string());
      read_list(file, [&](TrimapEntry entry, int number, std::size_t line) {
        const std::string name = entry.name;
        if (!is_complete) add(std::move(entry), number, line);
        put_into_subset(name, subset, place_in_list(number, line, name));
      });
    }
  }

  /// Calls use(entry, the list's number, line) for each entry; lines that are none are findings.
  void read_list(const Path& file, auto&& use) {
    const int number = static_cast<int>(lists_.size());
    lists_.push_back(file.string());
    const std::string text = read_file(file);
    std::size_t line_number = 0;
    for (const std::string_view line : lines_of(text)) {
      ++line_number;
      try {
        if (auto entry = parse_list_line(line)) use(std::move(*entry), number, line_number);
      } catch (Error& error) {
        findings_.add(to_finding(error.at_file(file).at_line(line_number), "unreadable-list-line"));
      }
    }
  }

  bool add(TrimapEntry entry, int list, std::size_t line) {
    if (!number_of_.try_emplace(entry.name, items_.size()).second) return false;
    items_.push_back({std::move(entry), -1, list, line, {}, {}});
    return true;
  }

  void put_into_subset(const std::string& name, int subset, Place place) {
    const auto found = number_of_.find(name);
    if (found == number_of_.end()) {
      findings_.add(finding_at(std::move(place), "not-listed", Severity::warning,
                               "left out: list.txt does not name it", "add it to list.txt"));
      return;
    }
    int& of_item = items_[found->second].subset;
    if (of_item < 0) of_item = subset;
    if (of_item != subset)
      findings_.add(finding_at(std::move(place), "in-two-subsets", Severity::error,
                               fmt::format("in {} and in {}; it stays in the first",
                                           metadata_.subsets[static_cast<std::size_t>(of_item)],
                                           metadata_.subsets[static_cast<std::size_t>(subset)]),
                               "delete it from one of the lists"));
  }

  void list_all(const FilesByStem& images) {
    std::vector<std::string> names;
    for (const auto& [stem, file] : images) names.push_back(stem);
    std::ranges::sort(names);
    for (std::string& name : names) add(TrimapEntry{std::move(name)}, -1, 0);
  }

  /// Gives the items their files, takes these out of the indexes, and leaves out items without an image.
  void match(FilesByStem& images, FilesByStem& trimaps) {
    for (Listed& item : items_) {
      item.image = taken(images, item.entry.name);
      item.trimap = taken(trimaps, item.entry.name);
      if (!item.trimap.empty()) labelled_subsets_.insert(item.subset);
      if (item.image.empty() && !folders_.images.empty())
        findings_.add(finding_at(place_of(item), "pair-missing", Severity::error,
                                 "left out: its image is not in images/",
                                 "add the image, or delete the line"));
    }
    std::erase_if(items_, [&](const Listed& item) { return item.image.empty() && !folders_.images.empty(); });
    number_of_.clear();
  }

  static std::string taken(FilesByStem& files, const std::string& stem) {
    auto node = files.extract(stem);
    return node ? std::move(node.mapped()) : std::string();
  }

  void report_left_over(const FilesByStem& files, const Path& folder, std::string_view what) {
    std::vector<std::string> names;
    for (const auto& [stem, name] : files) names.push_back(name);
    std::ranges::sort(names);
    for (const std::string& name : names) {
      const Path file = folder / name;
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
    if (item.list >= 0) return place_in_list(item.list, item.line, item.entry.name);
    return {(folders_.images / item.image).string(), {}, {}};
  }

  std::optional<Item> read(std::size_t index, std::vector<Finding>& findings) const override {
    const Listed& listed = items_[index];
    Item item;
    item.id = listed.entry.name;
    if (!listed.image.empty()) item.image = folders_.images / listed.image;
    item.file_name = listed.image;
    if (listed.subset >= 0) item.subset = metadata_.subsets[static_cast<std::size_t>(listed.subset)];
    item.attributes = attributes_of(listed.entry);
    item.origin = place_of(listed);
    item.annotated = !listed.trimap.empty();
    if (item.annotated)
      item.semantic = MaskRef{folders_.trimaps / listed.trimap, coding_, std::nullopt, false};
    else if (labelled_subsets_.contains(listed.subset))
      findings.push_back(finding_at(item.origin, "unlabelled-item", Severity::error,
                                    "an image without a trimap of its name",
                                    "add the trimap; without it the image counts as not annotated"));
    if (!check_headers(item, findings)) return std::nullopt;
    return item;
  }

  TrimapFolders folders_;
  std::shared_ptr<const MaskCoding> coding_;
  std::vector<std::string> lists_;
  std::vector<Listed> items_;
  std::set<int> labelled_subsets_;                          ///< a subset without any trimap is legal
  std::unordered_map<std::string, std::size_t> number_of_;  ///< while the lists are read
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
