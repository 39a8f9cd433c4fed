// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/text.h"
#include "formats/camvid/camvid_halves.h"
#include "formats/camvid/camvid_tables.h"
#include "formats/mask_files/mask_source.h"

namespace maskmill {
namespace {

constexpr std::size_t kScannedMasks = 8;
constexpr int kLargestOf12 = 11;
constexpr std::string_view kTrain = "train", kVal = "val", kTest = "test";

Path find_child(const std::vector<Path>& children, std::string_view name) {
  const auto found = std::ranges::find(
      children, lower_case(name), [](const Path& child) { return lower_case(child.filename().string()); });
  return found == children.end() ? Path() : *found;
}

/// An archive of one folder is often unpacked into a folder of that name.
Path unwrapped(const Path& folder) {
  boost::system::error_code failure;
  const Path inside = folder / folder.filename();
  return !folder.empty() && fs::is_directory(inside, failure) && !holds_image(folder, false) ? inside
                                                                                             : folder;
}

// --- subsets

struct List {
  Path file;
  std::string subset;
};

std::vector<List> find_lists(const Path& source, const std::vector<std::string>& stated) {
  const auto is_stated = [&](std::string_view name) {
    return std::ranges::find(stated, name) != stated.end();
  };
  std::vector<std::string> subsets;
  for (const std::string& name : stated)
    if (is_safe_relative(name) && name.find('/') == std::string::npos) subsets.push_back(name);
  for (const std::string_view name : {kTrain, kVal, kValid, kTest})
    if (!is_stated(name)) subsets.emplace_back(name);
  std::vector<List> lists;
  boost::system::error_code failure;
  for (const std::string& subset : subsets)
    if (const Path file = source / (subset + ".txt"); fs::is_regular_file(file, failure))
      // What is written as fast.ai has it, whose list has another name.
      lists.push_back({file, subset == kValid && is_stated(kVal) && !is_stated(kValid) ? "val" : subset});
  return lists;
}

/// Gives each pair the subset of the list that names it.
class Subsets {
 public:
  Subsets(const FilePairs& pairs, const PairFolders& whole, Findings& findings)
      : pairs_(pairs), findings_(findings), by_stem_(pairs.size()), folders_of_(pairs.size()) {
    folders_.push_back(whole);
    for (std::uint32_t i = 0; i < pairs.size(); ++i) by_stem_.add(hash_of(stem(i)), i);
  }

  void read(const List& list) {
    const auto part = static_cast<std::uint32_t>(folders_.size());
    folders_.push_back(folders_.front());
    folders_.back().subset = list.subset;
    const std::string text = read_file(list.file);
    std::size_t number = 0;
    for (const std::string_view whole : lines_of(text)) {
      const Place place{list.file.string(), ++number, {}};
      const std::string_view line = trimmed(whole);
      if (line.empty()) continue;
      const auto found = find(line);
      if (!found)
        findings_.add({"listed-absent", Severity::error, place,
                       fmt::format("there is no image {}", in_quotes(line)), "add it, or delete the line"});
      else if (folders_of_[*found] == part)
        findings_.add({"listed-twice", Severity::note, place,
                       fmt::format("{} was listed before", in_quotes(line)), "delete the line"});
      else if (folders_of_[*found] != 0)
        findings_.add({"in-two-subsets", Severity::error, place,
                       fmt::format("{} is in {} already, and stays there", in_quotes(line),
                                   folders_[folders_of_[*found]].subset),
                       "list it once"});
      else
        folders_of_[*found] = part;
    }
    // A list of none is no subset.
    if (std::ranges::find(folders_of_, part) == folders_of_.end()) folders_.pop_back();
  }

  /// fast.ai names the images of validation only.
  void others_are(std::string_view subset) { folders_.front().subset = subset; }

  MaskFiles taken() const {
    MaskFiles files;
    files.folders = folders_;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      FilePair pair = pairs_[i];
      pair.folders = folders_of_[i];
      files.pairs.push_back(pair);
    }
    return files;
  }

 private:
  std::string_view stem(std::size_t number) const { return without_extension(pairs_.image(number)); }

  /// A line has the image's name, with or without its extension.
  std::optional<std::uint32_t> find(std::string_view line) const {
    for (const std::string_view wanted : {line, without_extension(line)})
      if (const auto found =
              by_stem_.find(hash_of(wanted), [&](std::uint32_t number) { return stem(number) == wanted; }))
        return found;
    return std::nullopt;
  }

  const FilePairs& pairs_;
  Findings& findings_;
  HashIndex by_stem_;
  std::vector<PairFolders> folders_;       ///< the first: of what no list names
  std::vector<std::uint32_t> folders_of_;  ///< by pair
};

// --- labels

struct Table {
  LabelFile labels;
  bool is_found = false;  ///< beside the masks, and nothing states that it is theirs
};

std::optional<Table> find_table(const Path& source, const CamvidReadSettings& settings) {
  if (settings.labels == "camvid32") return Table{camvid32_labels()};
  if (settings.labels == "camvid12") return Table{camvid12_labels()};
  std::optional<LabelFile> labels = find_label_file(source, {source}, settings);
  if (!labels) return std::nullopt;
  boost::system::error_code failure;
  const bool is_ours = !settings.labels && fs::is_regular_file(source / "labels.json", failure);
  if (!is_ours) complete_camvid32(*labels);
  return Table{std::move(*labels), !settings.labels && !is_ours};
}

/// SegNet's 12 classes and CamVid's 32 have the same names for the most part, and other numbers.
void require_own_masks(const MaskScan& scan, const Path& masks, Table& table, Findings& findings) {
  std::vector<std::string> unknown;
  for (const int value : scan.values)
    if (std::ranges::find(table.labels.values, value) == table.labels.values.end())
      unknown.push_back(std::to_string(value));
  if (!unknown.empty())
    findings.add({"unknown-value", Severity::error, Place{masks.string(), {}, {}},
                  fmt::format("masks hold {} {}, and the table has {} labels",
                              unknown.size() == 1 ? "the value" : "the values", joined(unknown, ", "),
                              table.labels.labels.size()),
                  "state the table of these masks: --read labels=FILE, camvid32 or camvid12"});
  if (!table.is_found || !is_camvid32(table.labels) || scan.values.empty() ||
      *scan.values.rbegin() > kLargestOf12)
    return;
  throw Error(
      Code::bad_value,
      fmt::format("the table has CamVid's 32 names, but no mask of the first {} holds a number above {}, "
                  "as if they had SegNet's 12 classes, which are numbered otherwise",
                  kScannedMasks, kLargestOf12))
      .at_file(masks)
      .hint("state which they are: --read labels=camvid12, or labels=camvid32");
}

}  // namespace

PairFolders find_camvid_folders(const Path& source) {
  const std::vector<Path> children = list_folders(source);
  if (PairFolders found{"", unwrapped(find_child(children, kCambridgeImages)),
                        unwrapped(find_child(children, kCambridgeMasks))};
      !found.images.empty() && !found.masks.empty())
    return found;
  // These come in one archive; images/images/ is a part of the images' names.
  if (PairFolders found{"", find_child(children, kFastaiImages), find_child(children, kFastaiMasks)};
      !found.images.empty() && !found.masks.empty())
    return found;
  throw Error(Code::bad_format, fmt::format("no folders {}/ and {}/, or {}/ and {}/", kFastaiImages,
                                            kFastaiMasks, kCambridgeImages, kCambridgeMasks))
      .at_file(source);
}

std::unique_ptr<Source> open_camvid(const OpenRequest& request) {
  const auto settings = parsed_settings<CamvidReadSettings>(request.settings);
  Findings findings;
  const PairFolders whole = find_camvid_folders(request.path);
  const FilePairs pairs = pair_files({&whole, 1}, {}, findings);

  std::optional<Table> table = find_table(request.path, settings);
  std::vector<Path> masks;
  for (std::size_t i = 0; i < pairs.size() && masks.size() < kScannedMasks; ++i)
    if (!pairs.mask(i).empty()) masks.push_back(whole.masks / std::string(pairs.mask(i)));
  const MaskScan scan = scan_masks(
      masks.size(), [&](std::size_t i) { return masks[i]; }, ScanUntil::end,
      [](std::size_t, const Error&) {});  // found again as its item is read
  PixelCoding coding = settings.coding;
  if (coding == PixelCoding::automatic && table) coding = table->labels.coding;
  if (coding == PixelCoding::automatic) coding = scan.any_colour ? PixelCoding::colour : PixelCoding::index;
  if (!table && coding == PixelCoding::colour) table = Table{camvid32_labels()};
  if (!table)
    throw Error(Code::bad_format, "nothing names the numbers of these masks: there is no codes.txt")
        .at_file(request.path)
        .hint("state it: --read labels=FILE, camvid32 for CamVid's own table, camvid12 for SegNet's");
  if (coding == PixelCoding::index) require_own_masks(scan, whole.masks, *table, findings);

  Subsets subsets(pairs, whole, findings);
  const std::vector<List> lists = find_lists(request.path, table->labels.subsets);
  for (const List& list : lists) subsets.read(list);
  if (lists.size() == 1 && lists.front().subset == kValid) subsets.others_are(kTrain);
  MaskFiles files = subsets.taken();
  files.findings = std::move(findings);
  MaskLabelSettings labels;
  static_cast<LabelSettings&>(labels) = settings;
  labels.coding = coding;
  return make_mask_source(request.path, std::move(files), labels, std::move(table->labels));
}

}  // namespace maskmill
