// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "dataset/dataset.h"

namespace maskmill {

/// A Source over an index in memory: what remains to a format is to fill it, and to read the item of a
/// number.
class IndexedSource : public Source {
 public:
  const Metadata& metadata() const override { return metadata_; }
  const Findings& findings() const override { return findings_; }
  void rewind() override { next_ = 0; }
  ReadItem next() override {
    if (next_ == size()) return {};
    return [this, index = next_++](std::vector<Finding>& findings, Look look) {
      return read(index, look, findings);
    };
  }

 protected:
  /// The item of this number, from 0; on any thread. Nothing, with a finding, where it must be left out.
  virtual std::optional<Item> read(std::size_t index, Look look, std::vector<Finding>& findings) const = 0;

  Metadata metadata_;
  Findings findings_;

 private:
  std::size_t next_ = 0;
};

}  // namespace maskmill
