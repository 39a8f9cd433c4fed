// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/shared_file.h"

namespace maskmill {

/// Readable bytes behind every text that is handed out here: what simdjson asks for.
inline constexpr std::size_t kJsonPadding = SharedFile::kPadding;
/// Longer elements are not held in memory.
inline constexpr std::uint64_t kMaxJsonElement = std::uint64_t{256} << 20;

/// A value's place in a file; the line counts from 1.
struct JsonRange {
  std::uint64_t offset = 0, length = 0, line = 1;
};

/// What scan() finds in the one object that a file holds.
struct JsonVisitor {
  /// True: where this key has an object, its members are visited one by one. First asked of "", which stands
  /// for the whole document. Unset: of none.
  std::function<bool(const std::string& key)> is_object;
  /// Called for each such member, in time and memory as `element`. A name may come twice.
  std::function<void(const std::string& key, const std::string& name, const JsonRange& where,
                     std::string_view text)>
      member;
  /// True: where this key has a list, its elements are visited one by one.
  std::function<bool(const std::string& key)> is_list;
  /// Called at the beginning of each such list.
  std::function<void(const std::string& key)> list;
  /// Called for each element. `text` is padded, holds until the call returns, and is empty where the element
  /// is longer than kMaxJsonElement.
  std::function<void(const std::string& key, const JsonRange& where, std::string_view text)> element;
  /// Called for the value of every other key, and for what such a key holds instead of a list.
  std::function<void(const std::string& key, const JsonRange& where)> value;
};

/// Walks the file once, in memory that depends on its longest element only. What lies between an element's
/// brackets is not checked, but for their pairing and for where strings end. Throws Error(bad_format) with
/// the line: no object, brackets that do not pair, text cut short, a key twice, values nested deeper than 200
/// levels, anything behind the object.
void scan(const SharedFile& file, const JsonVisitor& visitor);

/// The same for a file that holds one list: its elements, visited as those of JsonVisitor::element.
void scan_list(const SharedFile& file,
               const std::function<void(const JsonRange& where, std::string_view text)>& element);

}  // namespace maskmill
