// SPDX-License-Identifier: Apache-2.0
#include "dataset/item_lookup.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/progress.h"

namespace maskmill {

ItemLookup::ItemLookup(Source& source, Findings& findings) {
  source.findings().for_each([&](const Finding& finding) { findings.add(finding); });
  struct Read {
    std::optional<Digest> id;
    std::vector<Finding> findings;
  };
  Progress progress("reading the second data set", source.size());
  map_items(
      source,
      [](ReadItem&& read) {
        Read out;
        if (const std::optional<Item> item = read(out.findings)) out.id = digest_of(item->id);
        return out;
      },
      [&, number = std::size_t{0}](Read&& read) mutable {
        progress.advance();
        if (read.id)
          number_of_.emplace(*read.id, number), ++items_;
        else
          ++left_out_;
        findings.add(std::move(read.findings));
        ++number;
      });
  source.rewind();
  while (ReadItem read = source.next()) reads_.push_back(std::move(read));
}

ReadItem ItemLookup::take(std::string_view id) {
  const Digest digest = digest_of(id);
  const std::lock_guard lock(mutex_);
  const auto found = number_of_.find(digest);
  if (found == number_of_.end()) return {};
  ReadItem read = std::exchange(reads_[found->second], {});
  number_of_.erase(found);
  return read;
}

std::vector<ReadItem> ItemLookup::rest() {
  std::vector<std::size_t> numbers;
  for (const auto& [id, number] : number_of_) numbers.push_back(number);
  std::ranges::sort(numbers);
  std::vector<ReadItem> left;
  for (const std::size_t number : numbers) left.push_back(std::move(reads_[number]));
  return left;
}

}  // namespace maskmill
