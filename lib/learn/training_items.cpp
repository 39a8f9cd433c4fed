// SPDX-License-Identifier: Apache-2.0
#include "learn/training_items.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"

namespace maskmill::learn {
namespace {

void require_subset(const std::vector<std::string>& subsets, const std::string& key,
                    const std::string& wanted) {
  if (std::ranges::find(subsets, wanted) != subsets.end()) return;
  const std::string there = subsets.empty() ? "no subsets" : "subsets " + joined(subsets, ", ");
  throw Error(Code::usage, "there is no subset " + in_quotes(wanted) + "; the data set has " + there)
      .at_field(key)
      .hint("maskmill split makes subsets; train-subset= and val-subset= name them");
}

struct Collected {
  std::optional<Item> item;
  std::vector<Finding> findings;
  std::string digest;
};

// Nothing for an item of another subset.
Collected collect_one(ReadItem& read, const TrainSettings& settings) {
  Collected collected;
  collected.item = read(collected.findings);
  if (!collected.item) return collected;
  const std::string& subset = collected.item->subset;
  if (subset != settings.train_subset && subset != settings.val_subset) {
    collected.item.reset();
    return collected;
  }
  try {
    collected.digest = digest_of(*collected.item).hex();
  } catch (const Error& error) {  // reading its sample will say what is wrong
    if (error.code() == Code::interrupted) throw;
    collected.digest = collected.item->id;
  }
  return collected;
}

}  // namespace

bool TrainingItems::painted() const {
  const auto without_mask = [](const Item& item) { return item.annotated && !item.semantic; };
  return std::ranges::any_of(train, without_mask) || std::ranges::any_of(val, without_mask);
}

TrainingItems collect_items(Source& data, const TrainSettings& settings, Provenance::Input& input,
                            Findings& findings) {
  const std::vector<std::string>& subsets = data.metadata().subsets;
  require_subset(subsets, "train-subset", settings.train_subset);
  require_subset(subsets, "val-subset", settings.val_subset);
  data.findings().for_each([&](const Finding& finding) { findings.add(finding); });
  TrainingItems items;
  Hasher fingerprint;
  map_items(
      data, [&](ReadItem&& read) { return collect_one(read, settings); },
      [&](Collected&& collected) {
        findings.add(std::move(collected.findings));
        if (!collected.item) return;
        ++input.items;
        fingerprint.add(collected.digest);
        if (collected.item->subset == settings.val_subset) items.val.push_back(*collected.item);
        if (collected.item->subset == settings.train_subset)
          items.train.push_back(std::move(*collected.item));
      });
  input.fingerprint = fingerprint.digest().hex();
  return items;
}

}  // namespace maskmill::learn
