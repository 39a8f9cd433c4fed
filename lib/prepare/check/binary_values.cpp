// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// A mask of 0 and 255 alone, where the other labels are small numbers, was saved as a black-and-white
/// picture. Unless 255 stands beside other labels elsewhere: then it is a void value that nobody declared.
class BinaryValues : public AcrossItems {
 public:
  explicit BinaryValues(const Metadata& metadata)
      : labels_(metadata.labels),
        indices_meant_(std::any_of(labels_.begin(), labels_.end(), [](const Label& label) {
          return label.id && *label.id > 0 && *label.id < 255;
        })) {}

  void observe(const Item& item, const ItemFacts& facts, const Report&) override {
    if (!indices_meant_ || undeclared_void_) return;
    if (!item.semantic || !item.semantic->coding || item.semantic->coding->kind != MaskCoding::Kind::index)
      return;
    bool has_255 = facts.unknown_values.contains(255);
    bool has_others = std::any_of(facts.unknown_values.begin(), facts.unknown_values.end(),
                                  [](const auto& value) { return value.first != 255; });
    for (const auto& [label, pixels] : facts.known_labels) {
      const Label& known = labels_[static_cast<int>(label)];
      if (known.id == 255)
        has_255 = known.role != Role::ignore;
      else if (known.id != 0)
        has_others = true;
    }
    undeclared_void_ = has_255 && has_others;
    if (has_255 && !has_others) masks_.push_back(file_of(*item.semantic).string());
  }

  void finish(const Report& report) override {
    if (undeclared_void_) return;
    for (const std::string& mask : masks_)
      report({mask, {}, {}}, "holds only 0 and 255 where label numbers are meant",
             "replace 255 by the label's number, or read the data set with --read coding=binary");
  }

 private:
  const LabelMap& labels_;
  bool indices_meant_;
  bool undeclared_void_ = false;
  std::vector<std::string> masks_;
};

}  // namespace

extern const Rule binary_values;
const Rule binary_values{.id = "binary-values",
                         .severity = Severity::error,
                         .title = "0 and 255 where label numbers are meant",
                         .harm =
                             "255 is taken for a class that does not exist, or for void: the object is "
                             "never learnt.",
                         .fix = "Replace 255 by the label's number, or say that the masks are binary.",
                         .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
                           return std::make_unique<BinaryValues>(metadata);
                         }};

}  // namespace maskmill
