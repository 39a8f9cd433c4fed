// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <limits>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "formats/json_elements.h"

namespace maskmill {
namespace {

constexpr std::size_t kHeadBytes = std::size_t{16} * 1024;
constexpr std::size_t kProbedFiles = 16;
constexpr std::ptrdiff_t kMaxParts = 32;  // deeper than folders of images lie
// Of the files of an annotations/ folder, the likelier kind first.
constexpr std::array<std::string_view, 4> kKinds{"instances", "person_keypoints", "stuff", "captions"};
constexpr std::size_t kTailBytes = std::size_t{64} * 1024;
constexpr std::size_t kSomeBytes = std::size_t{16} * 1024;
constexpr int kSureOfInstances = 60;
constexpr int kOfAnotherKind = 10;    // or of none
constexpr int kBesideInstances = 85;  // the most that another kind is sure of

// What a file's first kilobytes show of its structure.
struct Head {
  char first = 0;
  std::map<std::string, char> keys;    // of the object, with the first character of each value
  std::set<std::string> element_keys;  // of the objects in its lists, or of those in the list that it is
  bool is_cut = false;                 // in the middle of a value of the object
  bool is_empty = false;               // a list without elements
  bool is_panoptic = false;            // also by what stands further behind
};

std::string_view string_at(std::string_view text, std::size_t quote) {
  std::size_t end = quote + 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  return text.substr(quote + 1, std::min(end, text.size()) - quote - 1);
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

Head head_of(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Head head;
  int depth = 0;
  for (std::size_t i = skip_space(text, 0); i < text.size(); ++i) {
    const char character = text[i];
    if (head.first == 0) {
      head.first = character;
      const std::size_t next = skip_space(text, i + 1);
      head.is_empty = character == '[' && next < text.size() && text[next] == ']';
    }
    if (character == '{' || character == '[') ++depth;
    if (character == '}' || character == ']') --depth;
    if (character != '"') continue;
    const std::string_view string = string_at(text, i);
    i += string.size() + 1;
    const std::size_t colon = skip_space(text, i + 1);
    if (colon >= text.size() || text[colon] != ':') continue;
    const std::size_t value = skip_space(text, colon + 1);
    if (depth == 1 && value < text.size()) head.keys.emplace(string, text[value]);
    if (depth == (head.first == '[' ? 2 : 3)) head.element_keys.emplace(string);
  }
  head.is_cut = depth > 1;
  return head;
}

// A panoptic file's first kilobytes may show images only; most of it is segments.
bool mentions_segments(const SharedFile& file, std::uint64_t size) {
  std::string text;
  const auto mentions = [&](std::uint64_t offset, std::size_t length) {
    text.resize(length);
    text.resize(file.read_some(offset, text.data(), length));
    return text.find("\"segments_info\"") != std::string::npos;
  };
  return mentions(size / 2, kSomeBytes) ||
         mentions(size - std::min<std::uint64_t>(size, kTailBytes), kTailBytes);
}

Probe judged_as_results(const Head& head) {
  if (head.first != '[') return {0, {"does not begin with a JSON list, which COCO results are"}};
  if (head.is_empty) return {20, {"a list without elements, which may be results"}};
  const auto has = [&](const char* key) { return head.element_keys.count(key) > 0; };
  if (!has("image_id")) return {0, {"a JSON list whose objects show no image_id"}};
  if (has("score")) return {90, {"a list of objects with image_id and score"}};
  for (const char* key : {"bbox", "segmentation", "keypoints", "caption"})
    if (has(key)) return {70, {fmt::format("a list of objects with image_id and {}", key)}};
  return {10, {"a list of objects with image_id, but nothing detected"}};
}

Probe judged_as_panoptic(const Head& head) {
  if (head.first != '{') return {0, {"does not begin with a JSON object"}};
  if (!head.is_panoptic) return {0, {"no segments_info in its beginning, middle or end"}};
  return {95, {"annotations hold segments_info"}};
}

Probe judged(const Head& head, CocoKind kind) {
  if (kind == CocoKind::results) return judged_as_results(head);
  if (kind == CocoKind::panoptic) return judged_as_panoptic(head);
  if (head.first == '[') return {0, {"a JSON list, where COCO instances are an object"}};
  if (head.first != '{') return {0, {"does not begin with a JSON object"}};
  if (head.is_panoptic) return {10, {"annotations hold segments_info: panoptic, not instances"}};
  std::vector<std::string> lists;
  for (const char* key : {"images", "annotations", "categories"}) {
    const auto found = head.keys.find(key);
    if (found != head.keys.end() && found->second == '[') lists.emplace_back(key);
  }
  const auto& inner = head.element_keys;
  if (!lists.empty()) {
    const bool filled = inner.count("file_name") || inner.count("coco_url") || inner.count("image_id");
    const int confidence = filled ? 95 : lists.size() > 1 ? 80 : 60;
    return {confidence, {"holds lists named " + joined(lists, ", ")}};
  }
  if (head.keys.count("info") && head.keys.size() == 1 && head.is_cut)
    return {40, {"begins with an info of more than 16 KB"}};
  if (head.keys.count("info") && head.keys.count("licenses")) return {50, {"begins with info and licenses"}};
  return {0, {"no lists named images, annotations or categories in its first 16 KB"}};
}

std::vector<Path> json_files(const Path& folder) {
  if (!is_folder(folder)) return {};
  return list_files_of(folder, {"json"});
}

bool starts_with_kind(const Path& json, std::string_view kind) {
  return json.stem().string().starts_with(kind);
}

// instances_val2017.json and captions_val2017.json speak of the same images: of several kinds one is taken.
void keep_one_kind(std::vector<Path>& files, std::vector<CocoLayout::LeftOut>& left_out) {
  for (const std::string_view kind : kKinds) {
    const auto others = std::stable_partition(files.begin(), files.end(),
                                              [&](const Path& path) { return starts_with_kind(path, kind); });
    if (others == files.begin()) continue;
    for (auto other = others; other != files.end(); ++other)
      left_out.push_back({*other, fmt::format("the data set is read from the {} files", kind)});
    files.erase(others, files.end());
    return;
  }
}

// What a search of a folder found.
struct Search {
  CocoKind kind = CocoKind::instances;
  bool beside_instances = false;  // of another kind
  std::vector<Path> files;
  bool one_a_folder = false;  // their folders are named for the subsets
  std::vector<CocoLayout::LeftOut> left_out, unclear;
  std::optional<Probe> best;  // of the files that were looked at
  std::size_t files_to_look_at = 0;
};

// Those of a folder's files that fit, all of one kind.
std::vector<Path> fitting(std::vector<Path> files, const Path& root, Search& search,
                          std::vector<CocoLayout::LeftOut>& left_out) {
  // Where only some may be looked at, not the captions.
  std::stable_partition(files.begin(), files.end(), [](const Path& json) {
    return std::any_of(kKinds.begin(), kKinds.end(),
                       [&](std::string_view kind) { return starts_with_kind(json, kind); });
  });
  std::vector<Path> fit;
  for (const Path& json : files) {
    if (search.files_to_look_at == 0) break;
    --search.files_to_look_at;
    Probe probe = probe_coco_file(json, search.kind);
    if (probe.confidence > kOfAnotherKind) {
      fit.push_back(json);
    } else {
      left_out.push_back({json, probe.reasons.front()});
      if (search.kind != CocoKind::instances)
        search.beside_instances |= probe_coco_file(json, CocoKind::instances).confidence >= kSureOfInstances;
    }
    if (search.best && probe.confidence <= search.best->confidence) continue;
    probe.reasons.front() = relative_name(json, root) + ": " + probe.reasons.front();
    search.best = std::move(probe);
  }
  keep_one_kind(fit, left_out);
  return fit;
}

// A folder below the data set's own that holds JSON files is a subset's, so one of them must be the one.
void search_subset(const Path& folder, const Path& root, Search& search) {
  const std::vector<Path> files = json_files(folder);
  if (files.empty() || search.files_to_look_at == 0) return;
  std::vector<CocoLayout::LeftOut> left_out;
  const std::vector<Path> fit = fitting(files, root, search, left_out);
  if (fit.empty()) {
    search.unclear.push_back(
        {folder, fmt::format("holds {}, but no COCO file ({}: {})", counted(files.size(), "JSON file"),
                             in_quotes(left_out.front().path.filename().string()), left_out.front().reason)});
  } else if (fit.size() > 1) {
    search.unclear.push_back(
        {folder, fmt::format("holds {}, where a subset has one: {} and {}", counted(fit.size(), "COCO file"),
                             in_quotes(fit[0].filename().string()), in_quotes(fit[1].filename().string()))});
  } else {
    search.files.push_back(fit.front());
    search.left_out.insert(search.left_out.end(), left_out.begin(), left_out.end());
  }
}

Search searched(const Path& folder, CocoKind kind, std::size_t files_to_look_at) {
  Search search;
  search.kind = kind;
  search.files_to_look_at = files_to_look_at;
  for (const Path& place : {folder / "annotations", folder}) {
    search.files = fitting(json_files(place), folder, search, search.left_out);
    if (!search.files.empty()) return search;
  }
  search.one_a_folder = true;
  for (const Path& below : list_folders(folder))
    if (below.filename() != "annotations") search_subset(below, folder, search);
  return search;
}

Error nothing_fits(const Search& search, const Path& folder) {
  if (!search.unclear.empty())
    return Error(Code::bad_format, search.unclear.front().reason).at_file(search.unclear.front().path);
  std::string message = fmt::format("holds no COCO {} in annotations/, in itself or in its folders",
                                    search.kind == CocoKind::panoptic  ? "panoptic file"
                                    : search.kind == CocoKind::results ? "results"
                                                                       : "file");
  if (!search.left_out.empty())
    message += fmt::format("; {}: {}", relative_name(search.left_out.front().path, folder),
                           search.left_out.front().reason);
  return Error(Code::bad_format, message).at_file(folder);
}

bool has_drive_letter(std::string_view name) {
  return name.size() > 1 && name[1] == ':' && ((name[0] | 0x20) >= 'a' && (name[0] | 0x20) <= 'z');
}

// The parts of a path without "." and ".."; none where it ends in no name.
std::vector<std::string> parts_without_dots(const std::string& path) {
  std::vector<std::string> parts;
  const std::vector<std::string> all = split_text(path, '/');
  for (const std::string& part : all) {
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  if (!parts.empty() && parts.back() != all.back()) parts.clear();
  return parts;
}

std::optional<std::string> without_dots(const std::string& path) {
  const std::vector<std::string> parts = parts_without_dots(path);
  if (parts.empty()) return std::nullopt;
  return joined(parts, "/");
}

std::optional<std::string> below_a_folder(const CocoFile& file, std::string name) {
  if (name.empty() || name.find('\0') != std::string::npos || has_drive_letter(name)) return std::nullopt;
  if (is_safe_relative(name)) return without_dots(name);
  if (name.front() != '/') name = fs::absolute(file.json).parent_path().generic_string() + "/" + name;
  const auto whole = without_dots(name);
  for (const Path& folder : file.image_folders) {
    const std::string start = folder.generic_string().substr(1) + "/";
    if (whole && whole->starts_with(start)) return whole->substr(start.size());
  }
  return std::nullopt;
}

bool exists_in(const std::vector<Path>& folders, const std::string& name) {
  boost::system::error_code ignored;
  return std::any_of(folders.begin(), folders.end(),
                     [&](const Path& folder) { return fs::exists(folder / name, ignored); });
}

}  // namespace

Probe probe_coco_file(const Path& json, CocoKind kind) try {
  const SharedFile file(json);
  std::string text(kHeadBytes, '\0');
  text.resize(file.read_some(0, text.data(), text.size()));
  Head head = head_of(text);
  head.is_panoptic = head.element_keys.count("segments_info") > 0;
  if (!head.is_panoptic && text.size() == kHeadBytes)
    head.is_panoptic = mentions_segments(file, fs::file_size(json));
  const Probe probe = judged(head, kind);
  if (kind != CocoKind::panoptic || probe.confidence > 0 || !starts_with_kind(json, "panoptic")) return probe;
  if (judged(head, CocoKind::instances).confidence < kSureOfInstances) return probe;
  return {50, {"called panoptic, with COCO's lists, but no segments in what was looked at"}};
} catch (const std::exception& error) {
  return {0, {error.what()}};
}

Probe probe_coco(const Path& path, CocoKind kind) try {
  if (!is_folder(path)) return probe_coco_file(path, kind);
  const Search search = searched(path, kind, kProbedFiles);
  Probe probe =
      search.best.value_or(Probe{0, {"no JSON file in annotations/, in the folder or in its folders"}});
  if (search.beside_instances && probe.confidence > kBesideInstances) {
    probe.confidence = kBesideInstances;
    probe.reasons.push_back("beside COCO instances");
  }
  return probe;
} catch (const std::exception& error) {
  return {0, {error.what()}};
}

std::string coco_subset_of(const Path& json, bool alone) {
  std::string stem = json.stem().string();
  if (stem.ends_with(".coco")) stem.resize(stem.size() - 5);
  for (const std::string_view prefix :
       {"instances_", "person_keypoints_", "image_info_", "annotations_", "panoptic_", "captions_", "stuff_"})
    if (stem.starts_with(prefix)) return stem.substr(prefix.size());
  static constexpr std::array kPlain{"instances", "person_keypoints", "annotations", "_annotations",
                                     "panoptic"};
  if (alone || std::find(kPlain.begin(), kPlain.end(), stem) != kPlain.end()) return "";
  return stem;
}

std::vector<Path> coco_image_folders(const Path& json, const std::string& subset,
                                     const std::optional<std::string>& images) {
  const Path beside = fs::absolute(json).parent_path().lexically_normal();
  const Path root = beside.filename() == "annotations" ? beside.parent_path() : beside;
  std::vector<Path> likely;
  if (images) {
    const Path folder = fs::absolute(*images).lexically_normal();
    if (!is_folder(folder))
      throw Error(Code::not_found, "there is no such folder of images").at_file(*images).at_field("images");
    likely = {folder, folder / subset};
  } else {
    likely = {root / "images", root / "images" / subset, root / subset, root, beside};
  }
  std::vector<Path> folders;
  for (Path& folder : likely) {
    if (folder.filename() == "." || folder.filename().empty()) folder = folder.parent_path();
    if (is_folder(folder) && std::find(folders.begin(), folders.end(), folder) == folders.end())
      folders.push_back(folder);
  }
  return folders;
}

CocoLayout find_coco_files(const Path& path, const std::optional<std::string>& images, CocoKind kind) {
  Search search;
  search.kind = kind;
  if (is_folder(path)) {
    search = searched(path, kind, std::numeric_limits<std::size_t>::max());
    if (search.files.empty()) throw nothing_fits(search, path);
  } else {
    search.files = {path};
  }
  CocoLayout layout;
  for (const Path& json : search.files) {
    const std::string subset = search.one_a_folder ? json.parent_path().filename().string()
                                                   : coco_subset_of(json, search.files.size() == 1);
    layout.files.push_back({json, {}, subset, coco_image_folders(json, subset, images)});
  }
  layout.left_out = std::move(search.left_out);
  layout.unclear = std::move(search.unclear);
  return layout;
}

std::optional<std::string> name_inside(const CocoFile& file, const std::string& file_name) {
  if (file_name.find('\\') != std::string::npos && !exists_in(file.image_folders, file_name)) {
    // Annotations made on Windows, or a name of its own that is not there.
    std::string name = file_name;
    std::replace(name.begin(), name.end(), '\\', '/');
    if (auto inside = below_a_folder(file, name); inside && exists_in(file.image_folders, *inside))
      return inside;
  }
  return below_a_folder(file, file_name);
}

Path image_path(const CocoFile& file, const std::string& name) {
  boost::system::error_code ignored;
  for (const Path& folder : file.image_folders)
    if (fs::exists(folder / name, ignored)) return folder / name;
  return file.image_folders.front() / name;
}

std::vector<std::string> parts_of_name(std::string name) {
  std::erase(name, '\0');
  std::replace(name.begin(), name.end(), '\\', '/');  // it may come from Windows
  std::vector<std::string> parts = parts_without_dots(name);
  if (parts.empty()) return {"unnamed"};
  if (std::ssize(parts) > kMaxParts) parts.erase(parts.begin(), parts.end() - kMaxParts);
  return parts;
}

std::optional<PictureSearch::Found> PictureSearch::find(const std::vector<std::string>& parts) {
  look_for_folders(std::span(parts).first(parts.size() - 1));
  const auto is_there = [&](const Ending& ending) {
    boost::system::error_code ignored;
    return fs::exists(ending.folder / parts.back(), ignored);
  };
  const auto longest = std::find_if(endings_.begin(), endings_.end(), is_there);
  if (longest == endings_.end()) return std::nullopt;
  // What an image folder itself is called is no part of its pictures' names.
  Found found{longest->parts, longest->folder / parts.back()};
  std::size_t seen = longest->parts;
  for (auto ending = longest + 1; ending != endings_.end(); ++ending) {
    if (ending->parts == seen || !is_there(*ending)) continue;
    seen = ending->parts;
    if (ending->folder == longest->folder) found.parts = seen;
  }
  return found;
}

// Names of one folder mostly follow each other.
void PictureSearch::look_for_folders(std::span<const std::string> above) {
  std::string folder_of_name = joined(above, "/");
  if (above_ == folder_of_name) return;
  above_ = std::move(folder_of_name);
  endings_.clear();
  for (std::size_t first = 0; first <= above.size(); ++first) {
    const std::string below = joined(above.subspan(first), "/");
    for (const Path& folder : image_folders_)
      if (const Path whole = below.empty() ? folder : folder / below; is_folder(whole))
        endings_.push_back({above.size() - first + 1, whole});
  }
}

}  // namespace maskmill
