// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/yolo/yolo_index.h"
#include "formats/yolo/yolo_layout.h"

namespace maskmill {
namespace {

/// Refuses a file that is no label file of one image before its bytes take memory.
std::string read_labels(const Path& file) {
  boost::system::error_code failure;
  if (const auto bytes = fs::file_size(file, failure); !failure && bytes > kMostLabelBytes)
    throw Error(Code::unsupported, "more than 64 MiB of rows for one image").at_file(file);
  return read_file(file);
}

class YoloSource : public IndexedSource {
 public:
  YoloSource(const Path& path, const YoloReadSettings& settings)
      : counts_missing_(settings.missing == MissingLabels::background) {
    YoloLayout layout = find_yolo_layout(path, settings, findings_);
    index_ = index_yolo(layout, settings, findings_);
    if (!layout.classes) layout.classes = numbered_classes(layout.root);
    rules_.labels = std::move(layout.classes->by_number);
    rules_.keypoints = layout.keypoints;
    rules_.obb = settings.obb;
    rules_.extra = settings.extra;
    metadata_.labels = LabelMap(std::move(layout.classes->labels));
    metadata_.attributes = std::move(layout.attributes);
    for (const YoloImages& images : layout.images)
      if (!images.subset.empty() &&
          std::ranges::find(metadata_.subsets, images.subset) == metadata_.subsets.end())
        metadata_.subsets.push_back(images.subset);
  }

  std::size_t size() const override { return index_.entries.size(); }

 private:
  /// Where nothing names the classes: those that rows have. A file that cannot be read is a finding of its
  /// item, later.
  YoloClasses numbered_classes(const Path& root) {
    std::mutex mutex;
    std::set<std::int64_t> numbers;
    parallel_for(index_.entries.size(), [&](std::size_t i) {
      if (!index_.entries[i].has_labels) return;
      try {
        const std::vector<std::int64_t> found =
            class_numbers(read_labels(index_.labels_of(index_.entries[i])));
        const std::lock_guard lock(mutex);
        numbers.insert(found.begin(), found.end());
      } catch (const Error& error) {
        if (error.code() == Code::interrupted) throw;
      }
    });
    YoloClasses classes;
    for (const std::int64_t number : numbers) {
      if (classes.labels.size() == static_cast<std::size_t>(LabelMap::kMostLabels)) break;
      classes.by_number.emplace(number, static_cast<int>(classes.labels.size()));
      Label label;
      label.name = std::to_string(number);
      label.id = number;
      classes.labels.push_back(std::move(label));
    }
    if (!numbers.empty())
      findings_.add({"unnamed-category", Severity::warning, Place{root.string(), {}, {}},
                     fmt::format("nothing names the {}: each is called by its number",
                                 numbers.size() == 1 ? "class" : "classes"),
                     "add data.yaml or classes.txt, or state the file: --read names=FILE"});
    return classes;
  }

  std::optional<Item> read(std::size_t number, Look look, std::vector<Finding>& findings) const override {
    const YoloEntry& entry = index_.entries[number];
    Item item;
    item.id = index_.id_of(entry);
    item.image = index_.image_of(entry);
    item.file_name = std::string(index_.names[entry.name]);
    item.subset = index_.folders[entry.folder].subset;
    item.annotated = entry.has_labels || counts_missing_;
    const Path labels = index_.labels_of(entry);
    item.origin.file = (entry.has_labels ? labels : item.image).string();
    if (!check_files(item, look, findings)) return std::nullopt;
    if (!entry.has_labels) return item;
    try {
      item.annotations = parse_yolo_rows(read_labels(labels), labels, item.size, rules_, findings);
    } catch (Error& error) {
      findings.push_back(to_finding(error.at_file(labels), "unreadable-annotation"));
      return std::nullopt;
    }
    return item;
  }

  YoloIndex index_;
  RowRules rules_;
  bool counts_missing_;
};

}  // namespace

std::unique_ptr<Source> open_yolo(const OpenRequest& request) {
  try {
    return std::make_unique<YoloSource>(request.path, parsed_settings<YoloReadSettings>(request.settings));
  } catch (Error& error) {
    error.at_file(request.path);
    throw;
  }
}

}  // namespace maskmill
