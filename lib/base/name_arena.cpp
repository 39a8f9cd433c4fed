// SPDX-License-Identifier: Apache-2.0
#include "base/name_arena.h"

#include <cstring>

#include "base/error.h"

namespace maskmill {
namespace {

constexpr std::uint32_t kBlockBits = 16, kBlock = 1U << kBlockBits;
constexpr std::uint32_t kMostBlocks = (1U << (32 - kBlockBits)) - 1;  // the last numbers are never given out

}  // namespace

NameArena::Number NameArena::add(std::string_view name) {
  const auto length = static_cast<std::uint16_t>(name.size());
  const std::size_t room = sizeof length + name.size();
  if (room >= kBlock) throw Error(Code::unsupported, "a name of more than 64 KB");
  if (blocks_.empty() || used_ + room > kBlock) {
    if (blocks_.size() == kMostBlocks) throw Error(Code::unsupported, "more than 4 GB of names");
    blocks_.push_back(std::make_unique<char[]>(kBlock));
    used_ = 0;
  }
  char* at = blocks_.back().get() + used_;
  std::memcpy(at, &length, sizeof length);
  std::memcpy(at + sizeof length, name.data(), name.size());
  const auto number = static_cast<Number>((blocks_.size() - 1) << kBlockBits | used_);
  used_ += static_cast<std::uint32_t>(room);
  return number;
}

std::string_view NameArena::operator[](Number number) const {
  if (number == none) return {};
  const char* at = blocks_[number >> kBlockBits].get() + number % kBlock;
  std::uint16_t length = 0;
  std::memcpy(&length, at, sizeof length);
  return {at + sizeof length, length};
}

}  // namespace maskmill
