// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/finding.h"
#include "base/parallel.h"
#include "dataset/item.h"
#include "dataset/labels.h"
#include "dataset/provenance.h"

namespace maskmill {

struct Licence {
  std::optional<std::int64_t> id;
  std::string name, url;
  friend bool operator==(const Licence&, const Licence&) = default;
};

/// What belongs to the data set as a whole.
struct Metadata {
  LabelMap labels;
  std::string description;
  std::vector<Licence> licences;
  Attributes attributes;             ///< free values a format brought: COCO's info, CVAT's meta
  std::vector<std::string> subsets;  ///< in the data set's own order; empty: it has none
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

/// How closely an item's files are looked at when it is read.
enum class Look {
  annotations,  ///< as the data set's own files state it: neither image nor mask is opened, so that its size
                ///< may be missing, and nothing is left out or found for what they are
  headers,      ///< the headers of image and masks
  masks         ///< the same, and the bytes of the mask files stay with the item, as MaskRef::content
};

/// For whom an item's size matters.
inline Look with_sizes(Look look) {
  return std::max(look, Look::headers);
}

/// Reads one item; may be called on any thread, once. What is wrong goes into the findings, which belong to
/// this item. Nothing: the item had to be left out, and a finding of severity error says why.
class ReadItem {
 public:
  using Function = std::function<std::optional<Item>(std::vector<Finding>&, Look)>;
  ReadItem() = default;
  template <std::convertible_to<Function> F>
  requires(!std::same_as<std::remove_cvref_t<F>, ReadItem>) ReadItem(F&& read)
      : read_(std::forward<F>(read)) {}

  explicit operator bool() const { return static_cast<bool>(read_); }
  std::optional<Item> operator()(std::vector<Finding>& findings, Look look = Look::headers) const {
    return read_(findings, look);
  }

 private:
  Function read_;
};

/// A data set to read. Opening it reads indexes (lists, the headings of files), not pixels. Memory is
/// constant in the number of items but for a compact index where a format forces one.
class Source {
 public:
  virtual ~Source() = default;

  /// Complete from the start.
  virtual const Metadata& metadata() const = 0;

  /// How many times next() will return something.
  virtual std::size_t size() const = 0;

  /// The next item, to be read on any thread; an empty function at the end. The order is the data set's own
  /// where it has one (a list, a JSON array), else bytewise by id; it never depends on the directory's. One
  /// thread at a time. The returned function may outlive later calls, not the source.
  virtual ReadItem next() = 0;

  /// Starts over.
  virtual void rewind() = 0;

  /// What opening found: files without a partner, lines that could not be read.
  virtual const Findings& findings() const = 0;
};

/// Where a data set is written.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Encodes one item and may write files of its own into the staging folder; on any thread. The function
  /// returned does what must happen in the items' order (number it, append it), and is called on one thread
  /// at a time.
  virtual std::function<void()> encode(Item item) = 0;

  /// Adds a file of the caller's own to an output that is a folder, such as a picture of an item; on any
  /// thread. Throws Error(write_failed), and Error(unsupported) where the output is one file.
  virtual void attach(const std::string& name, std::string_view /*bytes*/) {
    throw Error(Code::unsupported, "the output is one file; nothing can lie beside it").at_field(name);
  }

  /// Finishes, writes the provenance beside, and puts the output into place. Without it, the old output
  /// stays.
  virtual void close(const Provenance& provenance) = 0;

  /// What was made besides the annotations themselves: files renamed, coordinates rounded.
  virtual const Findings& findings() const = 0;
};

/// From the source's start: work(read) on any thread for each item's ReadItem, then write(result) in the
/// items' order, one at a time.
template <class Work, class Write>
void map_items(Source& source, Work&& work, Write&& write) {
  source.rewind();
  ordered_pipeline(
      [&]() -> std::optional<ReadItem> {
        ReadItem read = source.next();
        return read ? std::optional(std::move(read)) : std::nullopt;
      },
      work, write);
}

/// Every item of `source` in order, read on all threads of the current Jobs, visited on one thread at a time.
/// Findings of opening and of items go to `findings`, in the items' order.
void for_each_item(Source& source, Findings& findings, const std::function<void(Item&&)>& visit,
                   Look look = Look::headers);

/// All of them, for data sets known to be small and for the trainer's index.
std::vector<Item> read_all(Source& source, Findings& findings);

/// A data set in memory.
std::unique_ptr<Source> make_source(Metadata metadata, std::vector<Item> items);

/// What becomes of an item; on any thread. Nothing: it has to be left out, and a finding of severity error
/// says why.
using ChangeItem = std::function<std::optional<Item>(Item, std::vector<Finding>&)>;

/// A view of `source` with each item changed and with metadata of its own. Nobody else may use `source`
/// meanwhile.
std::unique_ptr<Source> changed(std::shared_ptr<Source> source, Metadata metadata, ChangeItem change);

/// A view of `source` with the items that `keep` accepts, and those that cannot be read, whose findings would
/// be lost otherwise; the order stays. Reads every item once, here, so that size() is known, and keeps one
/// bit for each; an item is read again when its turn comes. Nobody else may use `source` meanwhile.
std::unique_ptr<Source> filtered(std::shared_ptr<Source> source,
                                 const std::function<bool(const Item&)>& keep);

}  // namespace maskmill
