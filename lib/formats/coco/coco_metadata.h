// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/finding.h"
#include "base/json.h"
#include "dataset/dataset.h"
#include "formats/coco/coco_records.h"
#include "formats/json_elements.h"

namespace maskmill {

/// The label that each category id of one file stands for.
class CategoryMap {
 public:
  std::optional<int> find(const CocoId& id) const;
  /// False where the id is there already.
  bool add(const CocoId& id, int label);
  /// Makes room for a label at `index`.
  void shift_from(int index);

 private:
  std::unordered_map<std::int64_t, int> numbers_;
  std::map<std::string, int> texts_;
};

/// What one file says for itself.
struct CocoFileMetadata {
  CategoryMap categories;
  std::vector<std::string> subsets;    ///< in the data set's order, where our writer says it
  bool zero_is_unknown_crowd = false;  ///< see AnnotationContext
};

/// Gathers a data set's metadata from its files. Labels of one name are one label, whatever their ids; of
/// what else differs between files the first is kept, and a finding says so.
class CocoMetadataReader {
 public:
  explicit CocoMetadataReader(Findings& findings) : findings_(findings) {}

  void begin();
  /// The n-th element of the file's lists. What is wrong with it becomes a finding.
  void add_category(const Json& category, const Place& place);
  void add_licence(const Json& licence, const Place& place);
  /// The value of any other key but images and annotations.
  void add_value(const std::string& key, Json value, const Place& place);

  /// All labels, licences and attributes, and the files' own, in the order of begin().
  std::pair<Metadata, std::vector<CocoFileMetadata>> finish();

 private:
  int label_of(Label label, const Place& place);
  void read_ours(const Json& ours, const Place& place);
  void report(std::string rule, Severity severity, const Place& place, std::string message);

  Findings& findings_;
  std::vector<Label> labels_;  // without background
  std::unordered_map<std::string, int> label_by_name_;
  std::unordered_map<std::int64_t, int> label_by_id_;
  std::set<std::string> names_in_file_;
  void read_apart(const Json& stated, Role role, const Place& place);
  std::vector<std::pair<int, Label>> apart_;          // labels that are no categories, and their indices
  std::set<std::string> kind_unknown_, colour_made_;  // names of labels whose isthing or color means nothing
  std::map<std::string, Json> category_extras_;       // by the label's name
  std::set<std::string> licences_;
  std::map<std::string, Json> first_values_;
  Metadata metadata_;
  std::vector<CocoFileMetadata> files_;
};

/// What a file begins with when it is written.
struct CocoHeader {
  Json info;
  Json licences;
  Json categories;
  Json others = Json::object();  ///< further keys
  std::vector<std::optional<std::int64_t>>
      label_ids;  ///< the category id of each label; none for those of the role that is no category
};

/// Labels of the role `apart` are no categories: `info` says what they are.
CocoHeader coco_header(const Metadata& metadata, Role apart = Role::background);

}  // namespace maskmill
