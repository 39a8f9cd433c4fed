// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace maskmill {

/// The hash of a name, for HashIndex.
inline std::uint64_t hash_of(std::string_view name) {
  return std::hash<std::string_view>()(name);
}

/// Finds the numbers of elements by keys that lie with the elements, so that no key is held twice: 12 to 24
/// bytes an element, and half as much again while it grows.
class HashIndex {
 public:
  /// `expected`: elements for which there is room from the start.
  explicit HashIndex(std::size_t expected = 0) {
    std::size_t slots = 16;
    while (slots * 2 < expected * 3) slots *= 2;
    slots_.resize(slots);
  }

  /// The number that was added under `hash` for which is_it(number) holds: that its element has the key.
  template <class IsIt>
  std::optional<std::uint32_t> find(std::uint64_t hash, IsIt&& is_it) const {
    const std::uint32_t short_hash = shortened(hash);
    for (std::size_t at = short_hash & (slots_.size() - 1); slots_[at].number_from_1 != 0;
         at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].hash == short_hash && is_it(slots_[at].number_from_1 - 1))
        return slots_[at].number_from_1 - 1;
    return std::nullopt;
  }

  /// `number`: below 4294967295.
  void add(std::uint64_t hash, std::uint32_t number) {
    if ((size_ + 1) * 3 > slots_.size() * 2) grow();
    put({shortened(hash), number + 1});
    ++size_;
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint32_t hash = 0, number_from_1 = 0;  // 0: empty
  };

  static std::uint32_t shortened(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash ^ (hash >> 32));
  }

  void put(Slot slot) {
    std::size_t at = slot.hash & (slots_.size() - 1);
    while (slots_[at].number_from_1 != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.number_from_1 != 0) put(slot);
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace maskmill
