// SPDX-License-Identifier: Apache-2.0
#include "dataset/dataset.h"

#include <utility>

namespace maskmill {
namespace {

struct ReadResult {
  std::optional<Item> item;
  std::vector<Finding> findings;
};

ReadResult result_of(const ReadItem& read, Look look) {
  ReadResult result;
  result.item = read(result.findings, look);
  return result;
}

class MemorySource : public Source {
 public:
  MemorySource(Metadata metadata, std::vector<Item> items)
      : metadata_(std::move(metadata)), items_(std::move(items)) {}

  const Metadata& metadata() const override { return metadata_; }
  std::size_t size() const override { return items_.size(); }
  ReadItem next() override {
    if (next_ == items_.size()) return {};
    return [&item = items_[next_++]](std::vector<Finding>&, Look) { return std::optional(item); };
  }
  void rewind() override { next_ = 0; }
  const Findings& findings() const override { return findings_; }

 private:
  Metadata metadata_;
  std::vector<Item> items_;
  Findings findings_;
  std::size_t next_ = 0;
};

class ChangedSource : public Source {
 public:
  ChangedSource(std::shared_ptr<Source> source, Metadata metadata, ChangeItem change)
      : source_(std::move(source)), metadata_(std::move(metadata)), change_(std::move(change)) {}

  const Metadata& metadata() const override { return metadata_; }
  std::size_t size() const override { return source_->size(); }
  ReadItem next() override {
    ReadItem read = source_->next();
    if (!read) return {};
    return [this, read = std::move(read)](std::vector<Finding>& findings, Look look) {
      std::optional<Item> item = read(findings, with_sizes(look));
      return item ? change_(std::move(*item), findings) : item;
    };
  }
  void rewind() override { source_->rewind(); }
  const Findings& findings() const override { return source_->findings(); }

 private:
  std::shared_ptr<Source> source_;
  Metadata metadata_;
  ChangeItem change_;
};

/// Knows by number which items to keep; each is read again when its turn comes.
class FilteredSource : public Source {
 public:
  FilteredSource(std::shared_ptr<Source> source, const std::function<bool(const Item&)>& keep)
      : source_(std::move(source)) {
    map_items(
        *source_, [](const ReadItem& read) { return result_of(read, Look::headers); },
        [&](const ReadResult& result) {
          // What cannot be read is passed on, or its findings would be lost.
          kept_.push_back(!result.item || keep(*result.item));
          size_ += kept_.back();
        });
    rewind();
  }

  const Metadata& metadata() const override { return source_->metadata(); }
  std::size_t size() const override { return size_; }
  ReadItem next() override {
    ReadItem read = source_->next();
    while (read && !kept_[next_++]) read = source_->next();
    return read;
  }
  void rewind() override {
    source_->rewind();
    next_ = 0;
  }
  const Findings& findings() const override { return source_->findings(); }

 private:
  std::shared_ptr<Source> source_;
  std::vector<bool> kept_;
  std::size_t size_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

void for_each_item(Source& source, Findings& findings, const std::function<void(Item&&)>& visit, Look look) {
  source.findings().for_each([&](const Finding& finding) { findings.add(finding); });
  map_items(
      source, [look](const ReadItem& read) { return result_of(read, look); },
      [&](ReadResult&& result) {
        findings.add(std::move(result.findings));
        if (result.item) visit(std::move(*result.item));
      });
}

std::vector<Item> read_all(Source& source, Findings& findings) {
  std::vector<Item> items;
  items.reserve(source.size());
  for_each_item(source, findings, [&](Item&& item) { items.push_back(std::move(item)); });
  return items;
}

std::unique_ptr<Source> make_source(Metadata metadata, std::vector<Item> items) {
  return std::make_unique<MemorySource>(std::move(metadata), std::move(items));
}

std::unique_ptr<Source> changed(std::shared_ptr<Source> source, Metadata metadata, ChangeItem change) {
  return std::make_unique<ChangedSource>(std::move(source), std::move(metadata), std::move(change));
}

std::unique_ptr<Source> filtered(std::shared_ptr<Source> source,
                                 const std::function<bool(const Item&)>& keep) {
  return std::make_unique<FilteredSource>(std::move(source), keep);
}

}  // namespace maskmill
