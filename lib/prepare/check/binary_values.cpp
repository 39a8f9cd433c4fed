// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>

#include "prepare/check/place_list.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

/// The label that a mask of 0 and 255 can only mean; nothing where there are several.
std::optional<int> only_object(const LabelMap& labels) {
  std::optional<int> only;
  for (int i = 0; i < labels.size(); ++i) {
    if (labels[i].role != Role::object || labels[i].id == 0) continue;
    if (only) return std::nullopt;
    only = i;
  }
  return only;
}

std::optional<Item> read_as_binary(Item item, const Metadata& metadata) {
  auto coding = std::make_shared<MaskCoding>();
  coding->kind = MaskCoding::Kind::non_zero;
  coding->label = only_object(metadata.labels).value();
  coding->zero_label = metadata.labels.find_id(0).value_or(metadata.labels.background().value_or(-1));
  item.semantic->coding = std::move(coding);
  return item;
}

/// A mask of 0 and 255 alone, where the other labels are small numbers, was saved as a black-and-white
/// picture. Unless 255 stands beside other labels elsewhere: then it is a void value that nobody declared.
class BinaryValues : public AcrossItems {
 public:
  explicit BinaryValues(const Metadata& metadata)
      : labels_(metadata.labels),
        indices_meant_(std::any_of(labels_.begin(), labels_.end(), [](const Label& label) {
          return label.id && *label.id > 0 && *label.id < 255;
        })) {}

  void observe(const Item& item, const ItemFacts& facts, const Report& report) override {
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
    if (!has_255 || has_others) return;
    masks_.add({file_of(*item.semantic).string(), {}, {}});
    if (only_object(labels_)) positions_.push_back(static_cast<std::uint32_t>(report.position()));
  }

  void finish(const Report& report) override {
    if (undeclared_void_) return;
    masks_.for_each([&](Place mask) {
      report(std::move(mask), "holds only 0 and 255 where label numbers are meant",
             "replace 255 by the label's number, or read the data set with --read coding=binary");
    });
    for (const std::uint32_t position : positions_) report.repairable(position);
  }

 private:
  const LabelMap& labels_;
  bool indices_meant_;
  bool undeclared_void_ = false;
  PlaceList masks_;
  std::vector<std::uint32_t> positions_;  ///< of the items, where one label is meant
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
                         },
                         .repair_text = "255 becomes the number of the only label",
                         .repair = read_as_binary};

}  // namespace maskmill
