// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/json.h"
#include "base/path.h"
#include "dataset/dataset.h"

namespace maskmill {

/// A table of classes: MID and display name, with a header or without.
struct OpenImagesClassFile {
  Path file;
  bool is_boxable = false;  ///< all of its classes are labels, used or not
};

/// Nothing where the file is no table of classes, as those of attributes and of relationships are not.
std::optional<OpenImagesClassFile> find_class_file(const Path& file);

/// The labels of a data set, as its files come to name them.
class OpenImagesClasses {
 public:
  /// Of a file that is boxable, and of the only one, all classes are labels; others name only those that are
  /// used. Findings: "unreadable-row", "duplicate-name", "duplicate-id".
  void add(const OpenImagesClassFile& file, bool all, Findings& findings);
  /// The label of a MID that a row uses, made where there is none yet.
  int use(std::string_view mid);
  /// That which is there.
  std::optional<int> find(std::string_view mid) const;

  /// Parents from a hierarchy file. The first parent of several is the label's own; the others and what is
  /// `Part` of a label become attributes. Throws Error(bad_format) for what is no hierarchy.
  void add_hierarchy(const Path& file);

  /// Fills in labels and attributes.
  void move_to(Metadata& metadata) &&;

 private:
  int add_label(std::string_view mid, const std::string& name);
  std::optional<int> label_of_node(const Json& node) const;
  void add_children(const Json& node, const std::string& parent);

  std::vector<Label> labels_;
  std::vector<std::string> mids_;
  std::map<std::string, int, std::less<>> by_mid_, by_name_;
  std::map<std::string, std::string, std::less<>> names_;  ///< by MID, of classes that are no labels yet
  std::map<std::string, std::vector<std::string>> further_parents_, parts_;
};

/// One a label, unique: those in the attributes where they fit, else own_mid().
std::vector<std::string> mids_of(const Metadata& metadata);
/// Labels that are kinds of `label` by the hierarchy, at any depth and without itself; with `parts`, also
/// what is part of any of them.
std::vector<int> subclasses_of(const Metadata& metadata, int label, bool parts);
/// class-descriptions-boxable.csv.
std::string to_class_table(const LabelMap& labels, const std::vector<std::string>& mids);
/// bbox_labels_600_hierarchy.json; empty where no label has a parent or a part.
std::string to_hierarchy(const Metadata& metadata, const std::vector<std::string>& mids);

}  // namespace maskmill
