// SPDX-License-Identifier: Apache-2.0
#include "formats/labelme/labelme_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/parallel.h"
#include "base/shared_file.h"
#include "base/staging.h"
#include "base/text.h"
#include "formats/labelme/labelme_document.h"
#include "formats/mask_files/label_files.h"
#include "formats/mask_files/pairing.h"
#include "formats/subset_folders.h"
#include "image/image.h"

namespace maskmill {
namespace {

using Number = NameArena::Number;

constexpr const char* kLabelDocument = "labels.json";

Label label_named(std::string name) {
  Label label;
  if (name == kLabelmeIgnore) label.role = Role::ignore;
  if (name == kLabelmeBackground) label.role = Role::background;
  label.name = std::move(name);
  return label;
}

class Indexer {
 public:
  Indexer(const Path& path, const LabelmeReadSettings& settings, Findings& findings)
      : settings_(settings), findings_(findings) {
    is_folder_ = fs::is_directory(path);
    index_.root = is_folder_ ? path : folder_above(path);
    if (is_folder_)
      list_files();
    else
      documents_.push_back({index_.names.add(path.filename().string()), NameArena::none, State::other});
  }

  LabelmeIndex index() {
    if (!is_folder_) list_beside();
    read_documents();
    report_documents();
    if (std::ranges::none_of(documents_,
                             [](const Document& document) { return document.state == State::ours; }))
      throw nothing_left("holds no JSON file of LabelMe", findings_).at_file(index_.root);
    find_labels();
    find_subsets();
    add_entries();
    tell_apart();
    return std::move(index_);
  }

 private:
  enum class State : std::uint8_t { ours, other, broken };
  struct Document {
    Number name, image;
    State state;
  };

  std::string_view name(Number number) const { return index_.names[number]; }

  void list_files() {
    for_each_file(index_.root, true, [&](const std::string& name) { add_file(name); });
    std::ranges::sort(documents_, {}, [&](const Document& document) { return name(document.name); });
    sort_images();
  }

  /// A single file's image may lie beside it.
  void list_beside() {
    for_each_file(index_.root, false, [&](const std::string& name) {
      if (has_image_extension(name)) images_.push_back(index_.names.add(name));
    });
    sort_images();
  }

  void sort_images() {
    std::ranges::sort(images_, {}, [&](Number image) { return name(image); });
    is_used_.resize(images_.size());
  }

  void add_file(const std::string& name) {
    if (lower_extension(name) == "json")
      documents_.push_back({index_.names.add(name), NameArena::none, State::other});
    else if (has_image_extension(name))
      images_.push_back(index_.names.add(name));
  }

  void read_documents() {
    std::mutex mutex;
    std::vector<Finding> problems(documents_.size());
    std::vector<std::uint8_t> has_image_data(documents_.size());
    parallel_for(documents_.size(), [&](std::size_t i) {
      Document& document = documents_[i];
      std::set<std::string, std::less<>> labels;
      try {
        const SharedFile file(index_.file(document.name));
        const LabelmeSummary summary = summarise_labelme(file, [&](std::string_view label) {
          if (!labels.contains(label)) labels.emplace(label);
        });
        if (!summary.has_shapes) return;
        document.state = State::ours;
        document.image = find_image(name(document.name), with_slashes(summary.image_path));
        has_image_data[i] = summary.has_image_data;
      } catch (const Error& error) {
        if (error.code() == Code::interrupted) throw;
        document.state = State::broken;
        problems[i] = to_finding(error, "unreadable-annotation");
      }
      const std::lock_guard lock(mutex);
      found_labels_.merge(labels);
    });
    for (Finding& problem : problems)
      if (!problem.rule.empty()) findings_.add(std::move(problem));
    index_.any_image = !images_.empty() || std::ranges::count(has_image_data, 1) > 0;
  }

  /// Where the path leads, if that is in the data set; else the file of that name beside the JSON, which was
  /// made on another machine; else the one of the JSON's own name.
  Number find_image(std::string_view document, const std::string& path) const {
    const Path folder = Path(std::string(document)).parent_path();
    if (!path.empty()) {
      const Path stated(path);
      if (stated.is_relative())
        if (const auto image = find_exactly((folder / stated).lexically_normal().generic_string()))
          return *image;
      if (const auto image = find_exactly((folder / file_name_in(path)).generic_string())) return *image;
    }
    return find_of_stem(without_extension(document)).value_or(NameArena::none);
  }

  /// "a.jpg" of "C:/pictures/a.jpg" and of "C:a.jpg" too.
  static std::string file_name_in(const std::string& path) {
    return path.substr(path.find_last_of("/:") + 1);
  }

  auto lower_bound(std::string_view wanted) const {
    return std::ranges::lower_bound(images_, wanted, {}, [&](Number image) { return name(image); });
  }

  std::optional<Number> find_exactly(std::string_view wanted) const {
    const auto found = lower_bound(wanted);
    if (found == images_.end() || name(*found) != wanted) return std::nullopt;
    return *found;
  }

  std::optional<Number> find_of_stem(std::string_view stem) const {
    const std::string start = std::string(stem) + '.';
    for (auto found = lower_bound(start); found != images_.end() && name(*found).starts_with(start); ++found)
      if (without_extension(name(*found)) == stem) return *found;
    return std::nullopt;
  }

  void report_documents() {
    for (const Document& document : documents_) {
      if (document.state != State::other || is_of_this_program(document)) continue;
      findings_.add({"file-left-out",
                     Severity::note,
                     {index_.file(document.name).string(), {}, {}},
                     "a JSON file without LabelMe's list of shapes",
                     {}});
    }
  }

  bool is_of_this_program(const Document& document) const {
    const std::string_view relative = name(document.name);
    return relative == kLabelDocument || relative == "provenance.json" || relative.starts_with("maskmill/");
  }

  // --- labels and subsets

  void find_labels() {
    std::vector<Label> labels = stated_labels();
    std::set<std::string> known;
    for (const Label& label : labels) known.insert(label.name);
    for (const std::string& found : found_labels_)
      if (!found.empty() && !known.contains(found)) labels.push_back(label_named(found));
    index_.labels = LabelMap(std::move(labels));
  }

  std::vector<Label> stated_labels() {
    if (settings_.labels) return labels_in(index_.root / *settings_.labels);
    const auto is_ours = [&](const Document& document) {
      return name(document.name) == kLabelDocument && document.state == State::other;
    };
    if (std::ranges::any_of(documents_, is_ours)) return labels_in(index_.root / kLabelDocument);
    if (const Path file = index_.root / "labels.txt"; is_folder_ && fs::is_regular_file(file))
      return labels_in(file);
    return {};
  }

  std::vector<Label> labels_in(const Path& file) {
    if (lower_extension(file) == "json") {
      LabelFile stated = read_label_file(file);
      stated_subsets_ = std::move(stated.subsets);
      return std::move(stated.labels);
    }
    const std::string text = read_file(file);
    std::vector<Label> labels;
    std::set<std::string> known;
    for (const std::string_view line : lines_of(text))
      if (std::string label(trimmed(line)); !label.empty() && known.insert(label).second)
        labels.push_back(label_named(std::move(label)));
    return labels;
  }

  /// Those that a file of ours states; else the first folders, where they all have usual names.
  void find_subsets() {
    if (stated_subsets_) {
      index_.subsets = *stated_subsets_;
      return;
    }
    std::set<std::string, std::less<>> folders;
    for (const Document& document : documents_) {
      if (document.state == State::other) continue;
      const std::string_view folder = first_folder(name(document.name));
      if (!is_usual_subset(folder)) return;
      if (!folders.contains(folder)) folders.emplace(folder);
    }
    index_.subsets.assign(folders.begin(), folders.end());
    sort_subsets(index_.subsets);
  }

  std::uint16_t subset_of(std::string_view file) const {
    const std::string_view folder = first_folder(file);
    if (folder.empty()) return 0;
    const auto found = std::ranges::find(index_.subsets, folder);
    return found == index_.subsets.end() ? std::uint16_t{0}
                                         : static_cast<std::uint16_t>(found - index_.subsets.begin() + 1);
  }

  // --- entries

  void add_entries() {
    for (const Document& document : documents_) {
      if (document.state == State::other) continue;
      if (const Number image =
              document.state == State::ours
                  ? document.image
                  : find_of_stem(without_extension(name(document.name))).value_or(NameArena::none);
          image != NameArena::none)
        is_used_[static_cast<std::size_t>(lower_bound(name(image)) - images_.begin())] = true;
      if (document.state == State::ours)
        index_.entries.push_back({document.name, document.image, subset_of(name(document.name)), false});
    }
    if (!is_folder_) return;
    for (std::size_t i = 0; i < images_.size(); ++i)
      if (!is_used_[i])
        index_.entries.push_back({NameArena::none, images_[i], subset_of(name(images_[i])), false});
  }

  std::string_view file_of(const LabelmeEntry& entry) const {
    return name(entry.document == NameArena::none ? entry.image : entry.document);
  }

  /// Sorts, with documents before images of the same name; leaves out the second of one name in one folder.
  void tell_apart() {
    std::vector<LabelmeEntry>& entries = index_.entries;
    const auto plain_id = [&](const LabelmeEntry& entry) {
      std::string_view id = without_extension(file_of(entry));
      if (entry.subset != 0) id.remove_prefix(index_.subsets[entry.subset - 1U].size() + 1);
      return id;
    };
    const auto order = [&](const LabelmeEntry& a, const LabelmeEntry& b) {
      const int by_id = plain_id(a).compare(plain_id(b));
      if (by_id != 0) return by_id < 0;
      if (a.subset != b.subset) return a.subset < b.subset;
      if (a.document != b.document && (a.document == NameArena::none || b.document == NameArena::none))
        return b.document == NameArena::none;
      return file_of(a) < file_of(b);
    };
    std::ranges::sort(entries, order);
    std::vector<LabelmeEntry> kept;
    kept.reserve(entries.size());
    for (const LabelmeEntry& entry : entries) {
      const bool same_id = !kept.empty() && plain_id(kept.back()) == plain_id(entry);
      if (same_id && kept.back().subset == entry.subset) {
        findings_.add({"same-name",
                       Severity::warning,
                       {(index_.root / std::string(file_of(entry))).string(), {}, {}},
                       fmt::format("differs from {} in its extension only, and is left out",
                                   in_quotes(file_of(kept.back()))),
                       "rename or remove one of them"});
        continue;
      }
      kept.push_back(entry);
      if (same_id)
        for (LabelmeEntry* twin : {&kept[kept.size() - 2], &kept.back()})
          twin->subset_in_id = twin->subset != 0;
    }
    entries = std::move(kept);
    if (std::ranges::any_of(entries, &LabelmeEntry::subset_in_id))
      std::ranges::stable_sort(entries, {}, [&](const LabelmeEntry& entry) { return index_.id_of(entry); });
  }

  const LabelmeReadSettings& settings_;
  Findings& findings_;
  LabelmeIndex index_;
  bool is_folder_ = false;
  std::vector<Document> documents_;
  std::vector<Number> images_;  ///< bytewise
  std::vector<bool> is_used_;   ///< the image is one of a document's
  std::set<std::string, std::less<>> found_labels_;
  std::optional<std::vector<std::string>> stated_subsets_;
};

}  // namespace

std::string LabelmeIndex::id_of(const LabelmeEntry& entry) const {
  std::string_view id =
      without_extension(names[entry.document == NameArena::none ? entry.image : entry.document]);
  if (entry.subset != 0 && !entry.subset_in_id) id.remove_prefix(subsets[entry.subset - 1U].size() + 1);
  return std::string(id);
}

LabelmeIndex index_labelme(const Path& path, const LabelmeReadSettings& settings, Findings& findings) {
  return Indexer(path, settings, findings).index();
}

std::string with_slashes(std::string path) {
  std::ranges::replace(path, '\\', '/');
  return path;
}

}  // namespace maskmill
