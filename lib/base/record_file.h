// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "base/part_file.h"

namespace maskmill {

/// Values of one type on disk until they are read again, by their numbers from 0 on; nothing of them in
/// memory. All methods throw Error(write_failed) if the temporary file is lost. Of a type with gaps between
/// its members their bytes go to disk too: give them names and values.
template <class Record>
class RecordFile {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  void add(const Record& record) {
    file_.append({reinterpret_cast<const char*>(&record), sizeof(Record)});
    ++size_;
  }

  std::size_t size() const { return size_; }

  Record at(std::size_t number) const {
    std::string bytes;
    file_.read(number * sizeof(Record), sizeof(Record), bytes);
    Record record;
    std::memcpy(&record, bytes.data(), sizeof(Record));
    return record;
  }

  /// In the order in which they were added.
  template <class Visit>
  void for_each(Visit&& visit) const {
    constexpr std::size_t kAtATime = 1024;
    std::string bytes;
    for (std::size_t first = 0; first < size_; first += kAtATime) {
      const std::size_t some = std::min(kAtATime, size_ - first);
      file_.read(first * sizeof(Record), some * sizeof(Record), bytes);
      for (std::size_t i = 0; i < some; ++i) {
        Record record;
        std::memcpy(&record, bytes.data() + i * sizeof(Record), sizeof(Record));
        visit(record);
      }
    }
  }

  /// All of them in memory.
  std::vector<Record> all() const {
    std::vector<Record> records;
    records.reserve(size_);
    for_each([&](const Record& record) { records.push_back(record); });
    return records;
  }

 private:
  PartFile file_;
  std::size_t size_ = 0;
};

}  // namespace maskmill
