// SPDX-License-Identifier: Apache-2.0
#include "prepare/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "base/hash.h"
#include "base/progress.h"
#include "base/text.h"
#include "prepare/relabel.h"

namespace maskmill {
namespace {

/// The labels of all, and the number that each has of its own.
class JoinedLabels {
 public:
  std::vector<int> add(const std::string& input, const LabelMap& labels, Findings& findings) {
    std::vector<int> numbers;
    for (const Label& label : labels) {
      const auto known = joined_.find(label.name);
      if (known) report_differences(input, joined_[*known], label, findings);
      numbers.push_back(known ? *known : added(input, label, findings));
    }
    return numbers;
  }
  const LabelMap& labels() const { return joined_; }

 private:
  static void report(const std::string& input, const Label& label, const std::string& what,
                     Findings& findings) {
    findings.add({"labels-differ", Severity::warning, Place{input, {}, label.name}, what, ""});
  }

  static void report_differences(const std::string& input, const Label& first, const Label& label,
                                 Findings& findings) {
    std::string what;
    const auto note = [&](bool same, const char* name) {
      if (!same) what += (what.empty() ? "" : ", ") + std::string(name);
    };
    note(first.id == label.id, "id");
    note(first.colour == label.colour, "colour");
    note(first.role == label.role, "role");
    note(first.supercategory == label.supercategory, "supercategory");
    note(first.kind == label.kind, "kind");
    note(first.attributes == label.attributes && first.skeleton == label.skeleton, "attributes or skeleton");
    if (!what.empty())
      report(input, label, "differs from an earlier data set in its " + what + "; that one's hold", findings);
  }

  int added(const std::string& input, Label label, Findings& findings) {
    if (label.id && joined_.find_id(*label.id)) {
      report(input, label,
             fmt::format("its id {} is that of {} already, and is dropped", *label.id,
                         in_quotes(joined_[*joined_.find_id(*label.id)].name)),
             findings);
      label.id.reset();
    }
    if (label.role == Role::background && joined_.background())
      throw Error(Code::bad_value,
                  fmt::format("the background is called {} here and {} in an earlier data set",
                              in_quotes(label.name), in_quotes(joined_[*joined_.background()].name)))
          .at_file(input)
          .hint("give both one name first");
    return joined_.add(std::move(label));
  }

  LabelMap joined_;
};

/// What becomes of the item at this place.
enum class Fate : unsigned char { kept, renamed, skipped };

class MergedSource : public Source {
 public:
  MergedSource(std::vector<MergeInput> inputs, SameId same_id) : inputs_(std::move(inputs)) {
    JoinedLabels labels;
    for (const MergeInput& input : inputs_) {
      input.source->findings().for_each([&](const Finding& finding) { findings_.add(finding); });
      const Metadata& metadata = input.source->metadata();
      relabelling_.push_back(
          std::make_unique<Relabelling>(labels.add(input.name, metadata.labels, findings_)));
      join(metadata, input.name);
    }
    metadata_.labels = labels.labels();
    find_same_ids(same_id);
    rewind();
  }

  const Metadata& metadata() const override { return metadata_; }
  std::size_t size() const override { return size_; }
  const Findings& findings() const override { return findings_; }
  void rewind() override {
    for (const MergeInput& input : inputs_) input.source->rewind();
    input_ = position_ = 0;
  }

  ReadItem next() override {
    while (input_ < inputs_.size()) {
      ReadItem read = inputs_[input_].source->next();
      if (!read) {
        ++input_, position_ = 0;
        continue;
      }
      const Fate fate = fates_[input_][position_++];
      if (fate == Fate::skipped) continue;
      return [this, read = std::move(read), input = input_, fate](std::vector<Finding>& findings, Look look) {
        std::optional<Item> item = read(findings, look);
        if (!item) return item;
        relabelling_[input]->apply(*item);
        if (fate == Fate::renamed) item->id = new_id(input, item->id);
        return item;
      };
    }
    return {};
  }

 private:
  std::string new_id(std::size_t input, const std::string& id) const {
    return inputs_[input].name + "/" + id;
  }

  void join(const Metadata& metadata, const std::string& name) {
    const auto add_all = [](auto& to, const auto& from) {
      for (const auto& one : from)
        if (std::ranges::find(to, one) == to.end()) to.push_back(one);
    };
    add_all(metadata_.subsets, metadata.subsets);
    add_all(metadata_.licences, metadata.licences);
    if (metadata_.description.empty()) metadata_.description = metadata.description;
    for (const auto& [key, value] : metadata.attributes) {
      const AttributeValue* known = find_attribute(metadata_.attributes, key);
      if (!known)
        metadata_.attributes.emplace_back(key, value);
      else if (*known != value)
        findings_.add({"metadata-differs", Severity::note, Place{name, {}, key},
                       "an earlier data set says otherwise, which holds", ""});
    }
  }

  void find_same_ids(SameId same_id) {
    std::unordered_map<std::uint64_t, std::size_t> first_input;  // by the hash of an id
    for (std::size_t input = 0; input < inputs_.size(); ++input) {
      Source& source = *inputs_[input].source;
      std::vector<Fate>& fates = fates_.emplace_back();
      Progress progress("reading " + inputs_[input].name, source.size());
      struct Read {
        std::optional<std::string> id;
        Place origin;
      };
      map_items(
          source,
          [](ReadItem&& read) {
            std::vector<Finding> said_again;  // when its turn comes
            std::optional<Item> item = read(said_again);
            return item ? Read{std::move(item->id), std::move(item->origin)} : Read{};
          },
          [&](Read&& read) {
            progress.advance();
            Fate fate = Fate::kept;
            if (read.id) {
              const auto [known, is_new] = first_input.emplace(digest_of(*read.id).low, input);
              if (!is_new && known->second != input)
                fate = same(same_id, input, known->second, *read.id, read.origin, first_input);
            }
            fates.push_back(fate);
            size_ += fate != Fate::skipped;
          });
    }
  }

  Fate same(SameId same_id, std::size_t input, std::size_t first, const std::string& id, const Place& origin,
            std::unordered_map<std::uint64_t, std::size_t>& first_input) {
    const std::string message =
        fmt::format("the id {} is an item's of {} too", in_quotes(id), inputs_[first].name);
    if (same_id == SameId::refuse)
      throw Error(Code::bad_value, message)
          .at(origin)
          .hint("--same-id rename puts the data set's name before it; --same-id skip leaves the second out");
    if (same_id == SameId::skip) {
      findings_.add({"same-id", Severity::warning, origin, "left out: " + message, ""});
      return Fate::skipped;
    }
    if (!first_input.emplace(digest_of(new_id(input, id)).low, input).second)
      throw Error(Code::bad_value, fmt::format("the id {} is taken too", in_quotes(new_id(input, id))))
          .at(origin);
    findings_.add({"same-id", Severity::note, origin,
                   fmt::format("{}; it becomes {}", message, in_quotes(new_id(input, id))), ""});
    return Fate::renamed;
  }

  std::vector<MergeInput> inputs_;
  std::vector<std::unique_ptr<Relabelling>> relabelling_;
  std::vector<std::vector<Fate>> fates_;  ///< by input and position
  Metadata metadata_;
  Findings findings_;
  std::size_t size_ = 0, input_ = 0, position_ = 0;
};

}  // namespace

std::unique_ptr<Source> merged(std::vector<MergeInput> inputs, SameId same_id) {
  return std::make_unique<MergedSource>(std::move(inputs), same_id);
}

}  // namespace maskmill
